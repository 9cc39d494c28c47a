//! What a finished process took, on its way from `launch` to `compare`.

/// A process from its start to its end.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// On the clock of `clock::now`.
    pub started: u64,
    pub ended: u64,
    /// The exit status, or the negative number of the signal that ended it.
    pub status: i32,
    /// The most memory that it held, in KiB (`ru_maxrss`).
    pub peak: u64,
    /// User and system time, in nanoseconds.
    pub cpu: u64,
}

impl Usage {
    pub fn to_line(&self) -> String {
        let Self { started, ended, status, peak, cpu } = self;
        format!("{started} {ended} {status} {peak} {cpu}\n")
    }

    /// None while not all of it is there.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n')?.split(' ');
        Some(Self {
            started: words.next()?.parse().ok()?,
            ended: words.next()?.parse().ok()?,
            status: words.next()?.parse().ok()?,
            peak: words.next()?.parse().ok()?,
            cpu: words.next()?.parse().ok()?,
        })
    }
}
