//! What passes through a client's stdin and stdout while it runs.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use compare::load::{Blocks, Check, Load, Tally};
use compare::pings;

use crate::client::Order;
use crate::job::{Does, From};
use crate::server::Server;

const BUFFER: usize = 256 << 10;

/// How long a client is left alone before it is spoken to, or its memory looked at.
pub const SETTLING: Duration = Duration::from_millis(500);

/// How often a client is looked at that may end before the server is done with it.
const GLANCE: Duration = Duration::from_millis(10);

/// What came out of a client.
#[derive(Debug)]
pub enum Heard {
    Nothing,
    Text(String),
    Messages(Tally),
    /// How long each round trip took, in nanoseconds; fewer when the client stops answering.
    Trips(Vec<u64>),
}

/// Talks to a client until it has ended, or was ended.
pub fn talk(child: &mut Child, does: Does, order: &Order, server: &Server, limit: Duration) -> io::Result<Heard> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let heard = match (does, stdin, stdout) {
        (Does::Send(load, From::Pipe), Some(stdin), _) => {
            // A client that does not read to the end has lost messages, which the server notices.
            let _ = write_messages(stdin, load, order.takes_all);
            Heard::Nothing
        }
        (Does::Receive(load, _), stdin, stdout) => {
            let reader = stdout.map(|stdout| read(stdout, load));
            // Some leave only when their stdin has ended too.
            while child.try_wait()?.is_none() && server.served(GLANCE).is_none() {}
            drop(stdin);
            reader.map_or(Heard::Nothing, |reader| Heard::Messages(reader.join().expect("it only reads")))
        }
        (Does::RoundTrips(count, _), Some(stdin), Some(stdout)) => {
            // Some drop what is typed before the connection is open.
            server.opened(limit);
            thread::sleep(SETTLING);
            Heard::Trips(round_trips(stdin, stdout, count))
        }
        (Does::Pings(..), _, Some(mut stdout)) => {
            let mut records = Vec::new();
            stdout.read_to_end(&mut records)?;
            Heard::Trips(pings::read_records(&String::from_utf8_lossy(&records)))
        }
        (_, Some(stdin), Some(stdout)) => Heard::Text(exchange(stdin, order.says, stdout)),
        _ => Heard::Nothing,
    };
    child.wait()?;
    Ok(heard)
}

/// A file with the lines of a load, made when it is first asked for.
pub fn input(dir: &Path, load: Load) -> io::Result<File> {
    let path = dir.join(format!("input-{}-{}", load.count, load.size));
    if !path.exists() {
        write_messages(File::create(&path)?, load, false)?;
    }
    File::open(path)
}

/// Counts the messages of what was printed.
pub fn check(mut from: impl io::Read, load: Load) -> Tally {
    let mut check = Check::new(load);
    let mut buffer = vec![0; BUFFER];
    while let Ok(new @ 1..) = from.read(&mut buffer) {
        check.feed(&buffer[..new]);
    }
    check.tally()
}

/// Each message with a newline after it, unless it is all that there is.
pub fn write_messages(mut to: impl io::Write, load: Load, is_all: bool) -> io::Result<()> {
    let mut blocks = Blocks::new(load);
    let mut out = Vec::with_capacity(2 * BUFFER);
    for _ in 0..load.count {
        for _ in 0..load.blocks_per_message() {
            out.extend_from_slice(blocks.current());
            blocks.advance();
            if out.len() >= BUFFER {
                to.write_all(&out)?;
                out.clear();
            }
        }
        if !is_all {
            out.push(b'\n');
        }
    }
    to.write_all(&out)
}

fn read(stdout: ChildStdout, load: Load) -> JoinHandle<Tally> {
    thread::spawn(move || check(stdout, load))
}

/// Says something, ends stdin when it is answered, and returns all that is printed.
fn exchange(mut stdin: ChildStdin, says: &str, mut stdout: ChildStdout) -> String {
    // It may not read.
    let _ = stdin.write_all(says.as_bytes());
    let mut stdin = Some(stdin);
    let (mut said, mut buffer) = (String::new(), [0; 4096]);
    while let Ok(new @ 1..) = stdout.read(&mut buffer) {
        said.push_str(&String::from_utf8_lossy(&buffer[..new]));
        if said.contains("hello") {
            drop(stdin.take());
        }
    }
    said
}

fn round_trips(mut stdin: ChildStdin, mut stdout: ChildStdout, count: usize) -> Vec<u64> {
    let load = Load { count: count as u64, size: 32 };
    let (mut blocks, mut check) = (Blocks::new(load), Check::new(load));
    let (mut line, mut buffer) = (Vec::new(), [0; 4096]);
    let mut took = Vec::with_capacity(count);
    while took.len() < count {
        line.clear();
        line.extend_from_slice(blocks.current());
        line.push(b'\n');
        blocks.advance();
        let start = Instant::now();
        if stdin.write_all(&line).is_err() {
            break;
        }
        while check.tally().whole <= took.len() as u64 {
            match stdout.read(&mut buffer) {
                Ok(new @ 1..) => check.feed(&buffer[..new]),
                _ => return took,
            }
        }
        took.push(u64::try_from(start.elapsed().as_nanos()).expect("less than 500 years"));
    }
    drop(stdin);
    // It may have more to say before it goes.
    while let Ok(1..) = stdout.read(&mut buffer) {}
    took
}
