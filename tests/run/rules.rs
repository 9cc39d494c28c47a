//! Rules that stand, and expectations in any order, against servers that do not wait for their turn.

use wsprobe::testing::Said;

use crate::kit::{self, Client};
use crate::{Scripts, listen, played};

/// Pings as it likes, as SignalR and graphql-ws do, and says good bye once both pings are answered.
async fn restless(client: Client) {
    for n in [1, 2] {
        client.text(&format!("{{\"type\":6,\"n\":{n}}}")).await;
    }
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let Some(Said::Text(answer)) = client.next().await else { return };
        answers.push(answer);
    }
    client.text(&answers.join(" ")).await;
    while client.next().await.is_some() {}
}

#[test]
fn a_rule_answers_what_came_before_it_and_while_the_script_does_something_else() {
    let server = kit::serving(restless);
    let script = "connect {{url}}\nexec sleep 0.1\nreply to json $.n and $.type == 6 capture n with pong {{n}}\n\
                  exec sleep 0.1\nexpect text pong 1 pong 2\n";
    played(&kit::url(&server), script).code(0);
}

#[test]
fn an_answer_that_cannot_be_made_fails_the_script_at_the_rule() {
    let server = kit::serving(restless);
    let script = "connect {{url}}\nset a = \"\"\nreply to json $.n with json {\"n\":{{a}}}\nexpect text never\n";
    let ran = played(&kit::url(&server), script).code(1);
    let expected =
        "x.wsp:3: reply to json $.n with json {\"n\":{{a}}}\n  the answer cannot be sent: `{\"n\":}` is no JSON";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn what_is_left_of_any_order_is_shown() {
    let echo = listen(&["--echo"]);
    let block =
        "expect any order within 200ms {\n  expect text a\n  expect text contains b\n  expect json {\"c\":1}\n}\n";
    let ran = played(&echo.url(), &format!("connect {{{{url}}}}\nsend b\nsend d\n{block}")).code(1);
    let expected = "x.wsp:4: expect any order within 200ms {\n  the message that came fits none of those that are left\n  \
                    - 5: expect text a\n  - 7: expect json {\"c\":1}\n  + d\n";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    let ran = played(&echo.url(), &format!("connect {{{{url}}}}\nsend b\nsend a\n{block}")).code(1);
    let expected = "  2 of 3 messages came within 200ms\n  - 7: expect json {\"c\":1}\n  the last messages";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    let ran = played(&echo.url(), &format!("connect {{{{url}}}}\nsend b\nclose\n{block}")).code(1);
    assert!(ran.stderr.contains("  we have closed the connection: close 1000\n  - 5: "), "{}", ran.stderr);
}

#[test]
fn a_server_answers_the_pings_of_its_clients_by_a_rule() {
    let script =
        "reply to json $.type == \"ping\" with {\"type\":\"pong\"}\nexpect text done\nsend bye\nexpect close\n";
    let scripts = Scripts::new([("server.wsp", script)]);
    let server = listen(&["--script", scripts.path("server.wsp").to_str().expect("a path of ours")]);
    let ping = "{\"type\":\"ping\"}";
    let client = kit::tool().args(["-q", "--count", "3", "-x", ping, "-x", ping, "-x", "done"]).arg(server.url()).run();
    client.code(0);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
}
