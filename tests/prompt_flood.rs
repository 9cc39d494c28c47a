//! The prompt in a flood: typing stays pleasant, the screen is drawn in batches, and the socket is served.

mod kit;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kit::pty::{Prompt, Screen, prompt};
use kit::{PING, Raw, TEXT, dir, frame, path, read_frame};

const PONG: u8 = 10;
const CLOSE: u8 = kit::CLOSE;

/// How many messages a second, if the client takes them.
const RATE: u32 = 100_000;

/// Held by each flood: what is timed here shares the machine with no other.
static ALONE: Mutex<()> = Mutex::new(());

/// A server that floods its client, with a ping after every so many messages.
struct Flood {
    _alone: MutexGuard<'static, ()>,
    server: Raw,
    sent: Arc<AtomicU32>,
    pings: Arc<AtomicU32>,
    pongs: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
}

const BATCH: u32 = 500;
const PING_EVERY: u32 = 5_000;

impl Flood {
    /// One that does not care whether the client wants to leave.
    fn start() -> Self {
        Self::until(false)
    }

    /// One that ends with the client's Close.
    fn until_close() -> Self {
        Self::until(true)
    }

    fn until(is_polite: bool) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: [Arc<AtomicU32>; 3] = Default::default();
        let [sent, pings, pongs] = counts.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let server = Raw::open(move |mut stream| {
            let reading = stream.try_clone().expect("there are free descriptors");
            let [sent, pings, pongs] = counts;
            let closed = Arc::clone(&stopped);
            std::thread::spawn(move || {
                count_pongs(reading, &pongs);
                closed.fetch_or(is_polite, Ordering::SeqCst);
            });
            let start = Instant::now();
            let mut n = 0;
            while !stopped.load(Ordering::SeqCst) {
                let due = start.elapsed().as_millis() * u128::from(RATE) / 1000;
                if u128::from(n) >= due {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                let mut batch = Vec::new();
                for _ in 0..BATCH {
                    n += 1;
                    batch.extend(frame(TEXT, format!("#{n}# of a flood").as_bytes()));
                }
                if n % PING_EVERY == 0 {
                    batch.extend(frame(PING, b"there?"));
                    pings.fetch_add(1, Ordering::SeqCst);
                }
                if stream.write_all(&batch).is_err() {
                    return;
                }
                sent.store(n, Ordering::SeqCst);
            }
            let _ = stream.write_all(&[frame(TEXT, b"the last one"), frame(CLOSE, &[0x03, 0xe8])].concat());
            // Until the client has read all, and is gone.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        Self { _alone: alone, server, sent, pings, pongs, stop }
    }

    fn sent(&self) -> u32 {
        self.sent.load(Ordering::SeqCst)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn count_pongs(mut reading: TcpStream, pongs: &AtomicU32) {
    while let Ok((opcode, _)) = read_frame(&mut reading) {
        match opcode {
            PONG => drop(pongs.fetch_add(1, Ordering::SeqCst)),
            CLOSE => return,
            _ => {}
        }
    }
}

fn flooded(flood: &Flood, prompt: impl FnOnce(String) -> Prompt) -> Screen {
    let screen = prompt(flood.server.url()).start();
    screen.wait("the flood", |_| flood.sent() > RATE / 10);
    screen
}

/// The times from a key to its echo, sorted.
fn echo_times(screen: &Screen, keys: usize) -> Vec<Duration> {
    let typed: String = ('a'..='z').cycle().take(keys).collect();
    let mut times = Vec::new();
    for n in 0..keys {
        // A fast typist's pace, so that keys meet the display at any moment of its work.
        std::thread::sleep(Duration::from_millis(37));
        let pressed = Instant::now();
        screen.keys(&typed[n..=n]);
        let line = format!("> {}", &typed[..=n]);
        screen.line(&line, u16::try_from(line.len()).expect("it is short"));
        times.push(pressed.elapsed());
    }
    times.sort();
    times
}

/// How often the display has drawn.
fn draws(screen: &Screen) -> usize {
    let stream = screen.stream();
    stream.windows(4).filter(|window| window == b"\r\x1b[K").count()
}

#[test]
fn keys_are_echoed_and_pings_answered_and_memory_is_bounded_while_a_flood_comes() {
    let flood = Flood::start();
    let screen = flooded(&flood, |url| prompt([url]));
    let (start, before) = (Instant::now(), flood.sent());
    let times = echo_times(&screen, 60);
    let rate = f64::from(flood.sent() - before) / start.elapsed().as_secs_f64();
    let median = times[times.len() / 2];
    eprintln!("echo: median {median:?}, slowest {:?}, at {rate:.0} messages a second", times[times.len() - 1]);
    assert!(median <= Duration::from_millis(50), "{times:?}");

    let asked = flood.pings.load(Ordering::SeqCst);
    screen.wait("the pongs", |_| flood.pongs.load(Ordering::SeqCst) >= asked);
    assert!(screen.peak_memory() < 64 << 10, "{} KiB", screen.peak_memory());
    screen.wrote(" messages (");
    screen.wrote(" not shown, /last or --record keeps them");
}

#[test]
fn the_screen_is_drawn_at_most_thirty_times_a_second() {
    let flood = Flood::start();
    let screen = flooded(&flood, |url| prompt([url]));
    let (start, before) = (Instant::now(), draws(&screen));
    screen.wait("some batches", |_| start.elapsed() > Duration::from_secs(2));
    let (drawn, took) = (draws(&screen) - before, start.elapsed().as_secs_f64());
    eprintln!("{:.1} draws a second", drawn as f64 / took);
    assert!(drawn > 5 && drawn as f64 <= 31.0 * took, "{drawn} in {took} s");
}

#[test]
fn a_slow_terminal_in_an_endless_flood_can_be_typed_at_and_left() {
    let flood = Flood::start();
    let mut screen = flooded(&flood, |url| prompt([url]).speed(200_000));
    let times = echo_times(&screen, 20);
    eprintln!("echo at 200 kB/s: median {:?}, slowest {:?}", times[10], times[19]);
    assert!(times[10] <= Duration::from_millis(200), "{times:?}");
    assert!(screen.peak_memory() < 64 << 10, "{} KiB", screen.peak_memory());
    flood.stop();
    screen.keys("\x15\x04");
    screen.code();
    assert!(screen.is_cooked());
}

#[test]
fn the_record_holds_every_message_and_the_line_stays() {
    let flood = Flood::start();
    let dir = dir();
    let record = path(&dir, "record");
    let recorded = record.to_str().expect("UTF-8").to_owned();
    let mut screen = flooded(&flood, |url| prompt(["--record".to_owned(), recorded, url]));
    screen.keys("half typed");
    screen.line("[recording] > half typed", 24);
    flood.stop();
    screen.wrote("< the last one");
    screen.line("[recording] ! half typed", 24);
    screen.keys("\x15/quit\r");
    screen.leaves_with(0);
    let record = std::fs::read_to_string(record).expect("it was written");
    let numbers = record.lines().filter_map(|line| line.split('#').nth(1)?.parse::<u32>().ok());
    assert!(numbers.eq(1..=flood.sent()));
}

#[test]
fn commands_are_answered_in_a_flood_also_while_it_is_paused() {
    let flood = Flood::start();
    let screen = flooded(&flood, |url| prompt([url]));
    for (typed, answer) in [
        ("/info\r", "round trip   not measured"),
        ("/help /half-close\r", "send no more (FIN)"),
        ("/pause\r/info\r", "state        open for"),
    ] {
        screen.answers(typed, answer);
    }
    // What is held back fills the queue.
    let before = flood.sent();
    screen.wait("more than is kept", |_| flood.sent() > before + RATE / 2);
    screen.keys("/help /drop\r");
    screen.shows("cut the connection without a Close (RST)");
}

#[test]
fn who_leaves_does_not_wait_for_a_server_that_floods_on() {
    let flood = Flood::start();
    let mut screen = flooded(&flood, |url| prompt(["--close-timeout", "300ms", &url]));
    screen.keys("/quit\r");
    screen.leaves_with(0);
    screen.wrote("the server kept sending and did not answer our Close within 300ms (--close-timeout)");
}

/// Whether the count of what was not shown, and the Close, are the last that is said.
fn is_last(text: &str) -> bool {
    let close = text.rsplit_once(") not shown\r\n* closed 1000").map(|(_, close)| close);
    close.is_some_and(|close| close.ends_with("(normal closure)\r\n") && close.lines().count() == 1)
}

/// What was written after so many bytes of the stream.
fn since(screen: &Screen, start: usize) -> String {
    String::from_utf8_lossy(&screen.stream()[start..]).into_owned()
}

#[test]
fn who_leaves_a_flood_is_out_at_once_and_what_was_not_shown_is_counted() {
    for (keys, speed) in [("/quit\r", None), ("\x04", None), ("\x04", Some(60_000))] {
        let flood = Flood::until_close();
        let mut screen = flooded(&flood, |url| speed.into_iter().fold(prompt([url]), Prompt::speed));
        // A slow terminal has no room for more.
        screen.wrote(" not shown, /last or --record keeps them");
        let (before, left) = (screen.stream().len(), Instant::now());
        screen.keys(keys);
        screen.ends();
        eprintln!("left after {:?} at {speed:?} bytes a second", left.elapsed());
        assert!(left.elapsed() < Duration::from_secs(2), "{:?}", left.elapsed());
        assert_eq!(screen.code(), 0);
        let rest = since(&screen, before);
        assert!(is_last(&rest), "{rest:?}");
        let shown = rest.matches("< #").count();
        assert!(shown < 10_000, "{shown} more messages were shown");
    }
}

#[test]
fn what_was_paused_is_counted_and_not_shown_to_who_leaves() {
    let flood = Flood::until_close();
    let mut screen = flooded(&flood, |url| prompt([url]));
    screen.answers("/pause\r", "* paused;");
    let before = screen.stream().len();
    let sent = flood.sent();
    screen.wait("more of them", |_| flood.sent() > sent + 100);
    screen.keys("\x04");
    screen.leaves_with(0);
    let rest = since(&screen, before);
    assert!(is_last(&rest), "{rest:?}");
}

#[test]
fn ctrl_c_stops_what_is_printed_and_our_own_words_still_come() {
    let flood = Flood::start();
    let screen = flooded(&flood, |url| prompt([url]).speed(60_000));
    screen.answers("/pause\r", "* paused;");
    flood.stop();
    screen.wrote("* closed 1000");
    screen.answers("/resume\r", "< #");
    let before = screen.stream().len();
    screen.keys("\x03");
    screen.shows(" not shown, /last or --record keeps them\n* press Ctrl-C again, or Ctrl-D, to leave");
    screen.line("!", 2);
    let shown = since(&screen, before).matches("< #").count();
    assert!(shown < 10_000, "{shown} more messages were shown");
}

#[test]
fn ctrl_c_stops_what_is_printed_after_the_server_has_ended_it() {
    let flood = Flood::start();
    let mut screen = flooded(&flood, |url| prompt([url]).speed(60_000));
    flood.stop();
    screen.wrote("\x1b[?2004l");
    screen.wait("a cooked terminal", |_| true);
    let before = screen.stream().len();
    screen.keys("\x03");
    screen.code();
    let rest = since(&screen, before);
    assert!(is_last(&rest), "{rest:?}");
    assert!(rest.matches("< #").count() < 10_000);
}
