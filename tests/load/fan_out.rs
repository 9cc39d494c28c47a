//! `--fan-out`: one connection sends, and all others receive.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::kit::{CLOSE, TEXT, echo, frame, read_frame, tool, url};
use super::{each_open, load, number, summary};

// All are open before the first message is due.
const SHORT: [&str; 6] = ["--ramp", "10ms:6,300ms:6", "--duration", "500ms", "--rate", "40"];

/// Sends on what one client says to all others; `deliver` decides with what delay, or not at all, by the place of the client among
/// the others and the number of the message.
fn broadcasting(deliver: impl Fn(usize, u32) -> Option<Duration> + Send + Sync + 'static) -> String {
    let clients = Arc::new(Mutex::new(Vec::<TcpStream>::new()));
    let (deliver, count) = (Arc::new(deliver), Arc::new(Mutex::new(0)));
    each_open(move |mut stream| {
        let at = {
            let mut clients = clients.lock().unwrap();
            clients.push(stream.try_clone().unwrap());
            clients.len() - 1
        };
        while let Ok((opcode, payload)) = read_frame(&mut stream) {
            match opcode {
                TEXT => {
                    let mut count = count.lock().unwrap();
                    let mut clients = clients.lock().unwrap();
                    let others = clients.iter_mut().enumerate().filter(|(turn, _)| *turn != at);
                    for (place, (_, client)) in others.enumerate() {
                        let Some(delay) = deliver(place, *count) else { continue };
                        std::thread::sleep(delay);
                        let _ = client.write_all(&frame(TEXT, &payload));
                    }
                    *count += 1;
                }
                CLOSE => {
                    let _ = stream.write_all(&frame(CLOSE, &payload));
                    return;
                }
                _ => {}
            }
        }
    })
}

#[test]
fn each_delivery_to_each_receiver_is_measured_and_the_slowest_is_named() {
    // Each waits for those before it: the last in line gets it 5 x 4 ms late.
    let server = broadcasting(|_, _| Some(Duration::from_millis(4)));
    let ran = load(&SHORT).args(["--fan-out", "-x", "{{seq}}", "-j", &server]).run().code(0);
    let all = summary(&ran);
    let (sent, replies) = (number(&all["sent"]), number(&all["replies"]));
    assert!(sent >= 19.0, "one sends, at its rate: {all}");
    assert_eq!((&all["unanswered"], &all["latency_of"], replies), (&0.into(), &"delivery".into(), sent * 5.0), "{all}");
    let receivers = &all["receivers"];
    assert_eq!(receivers["count"], 5, "{all}");
    assert!(number(&receivers["mean_ms"]["max"]) >= 20.0, "{all}");
    assert!(number(&receivers["mean_ms"]["max"]) - number(&receivers["mean_ms"]["p50"]) >= 7.0, "{all}");
    let slowest = receivers["slowest"].as_array().unwrap();
    assert!(slowest.len() == 3 && slowest.iter().all(|one| one["deliveries"] == all["sent"]), "{all}");
    let page = load(&SHORT).args(["--fan-out", "-x", "a", "-q", &server]).run().code(0).out();
    for part in
        ["to each receiver, from when each was due", "receivers   5, with a mean of p50 ", "  slow      connection "]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn deliveries_that_do_not_come_are_counted_and_a_server_without_any_is_told() {
    // One of them misses each third.
    let server = broadcasting(|place, number| (place != 1 || number % 3 > 0).then_some(Duration::ZERO));
    let args = ["--fan-out", "-x", "{{seq}}", "--wait", "300ms", "-j", &server];
    let all = summary(&load(&SHORT).args(args).args(["--threshold", "errors<5%"]).run().code(1));
    let missed = (number(&all["sent"]) / 3.0).ceil();
    assert_eq!(number(&all["unanswered"]), missed, "{all}");
    assert_eq!(number(&all["replies"]), number(&all["sent"]) * 5.0 - missed, "{all}");
    let alone = echo();
    let ran = load(&SHORT).args(["--fan-out", "-x", "a", "--wait", "100ms", "-q", &url(&alone)]).run().code(7);
    assert!(ran.out().contains("messages: not delivered to a receiver"), "{}", ran.out());
}

#[test]
fn our_own_broadcast_delivers_all_and_their_histograms_are_merged() {
    let mut server = tool().args(["listen", "--broadcast", "127.0.0.1:0", "-j"]).spawn();
    let lines = super::Lines::of(server.child.stdout.take().expect("it was piped"));
    let record: serde_json::Value = serde_json::from_str(&lines.next()).unwrap();
    let url = record["url"].as_str().expect("its first record has the URL").to_owned();
    let dir = super::kit::dir();
    let log = super::kit::path(&dir, "a.hdr");
    let log = log.to_str().unwrap();
    let all = summary(&load(&SHORT).args(["--fan-out", "--size", "100", "-j", "--hdr", log, &url]).run().code(0));
    assert_eq!((number(&all["replies"]), &all["unanswered"]), (number(&all["sent"]) * 5.0, &0.into()), "{all}");
    let merged = summary(&tool().args(["load", "merge", "-j", log, log]).run().code(0));
    assert_eq!((&merged["receivers"]["count"], &merged["latency_of"]), (&10.into(), &"delivery".into()), "{merged}");
    assert_eq!(merged["receivers"]["mean_ms"], all["receivers"]["mean_ms"]);
}

#[test]
fn what_cannot_be_fanned_out_is_told_before_anything_connects() {
    for (args, why) in [
        (&[][..], "`--fan-out` has no effect here"),
        (&["-x", "a", "--closed"], "--closed"),
        (&["-x", "a", "--match", "next"], "has to know a message when it comes"),
        (&["-x", "a", "--match", "none"], "has to know a message when it comes"),
        (&["-x", "a", "-c", "1"], "takes two connections at least"),
        (&["-x", "a", "--ramp", "1s:1"], "takes two connections at least"),
    ] {
        load(args).args(["--fan-out", ":1"]).run().code(2).says(why).stdout("");
    }
}
