//! Rules, and expectations in any order, against servers that do not wait for their turn.

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
        "x.wsp:3: reply to json $.n with json {\"n\":{{a}}}\n  the answer cannot be sent: `{\"n\":}` is not JSON";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn an_answer_of_several_steps_has_what_it_takes_from_the_message() {
    let rules = "set id = mine\nreply to json $.op == \"sum\" with {\n  capture id = json $.id\n  capture n = text matches \
                 /\"n\": *(\\d+)/\n  send {{id}} begins\n  send binary text {{n}}\n}\n\
                 reply to text \"id\" with {{id}}\nreply to text \"bye\" with {\n  close 4001 so long\n}\nexpect close\n";
    let scripts = Scripts::new([("server.wsp", rules)]);
    let server = listen(&["--script", scripts.path("server.wsp").to_str().expect("a path of ours")]);
    let client = "connect {{url}}\nsend json {\"op\":\"sum\",\"id\":\"a\",\"n\": 7}\nexpect text a begins\n\
                  expect binary text 7\nsend id\nexpect text mine\nsend bye\nexpect close 4001 so long\n";
    played(&server.url(), client).code(0);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_step_of_an_answer_that_fails_is_shown() {
    let server = kit::serving(restless);
    let script =
        "connect {{url}}\nreply to json $.n with {\n  capture m = json $.m\n  send {{m}}\n}\nexpect text never\n";
    let ran = played(&kit::url(&server), script).code(1);
    let expected = "x.wsp:3: capture m = json $.m\n  $.m does not exist\n  + {\"type\":6,\"n\":1}";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn json_may_be_in_a_message_of_either_type_and_a_record_separator_may_follow_it() {
    let echo = listen(&["--echo"]);
    let script = "connect {{url}}\nset end = \"\\x1e\"\nsend {\"a\":1}{{end}}\nexpect json exactly {\"a\":1}\n\
                  send {\"a\":1}{{end}}\nexpect message json $.a == 1\nsend binary text {\"a\":2}{{end}}\n\
                  expect message json {\"a\":2}\ncapture two = json $.a\nsend {{two}}\nexpect text 2\n";
    played(&echo.url(), script).code(0);
    let ran = played(&echo.url(), "connect {{url}}\nsend binary hex ff\nexpect message json $.a\n").code(1);
    assert!(ran.stderr.contains("the message is not JSON"), "{}", ran.stderr);
}

#[test]
fn a_message_of_several_records_is_taken_apart_for_steps_and_rules() {
    let echo = listen(&["--echo"]);
    let script = "connect {{url}}\nreply to text \"b\" with answer\nsend a;b;;c;\nsend d\nsend binary text e;f\n\
                  split at \";\"\nexpect text a\nexpect text c\nexpect text d\nexpect binary text e\nexpect binary text f\n\
                  expect text answer\nsplit off\nsend g;h\nexpect text g;h\n";
    played(&echo.url(), script).code(0);
}

#[test]
fn what_is_left_of_any_order_is_shown() {
    let echo = listen(&["--echo"]);
    let block =
        "expect any order within 200ms {\n  expect text a\n  expect text contains b\n  expect json {\"c\":1}\n}\n";
    let ran = played(&echo.url(), &format!("connect {{{{url}}}}\nsend b\nsend d\n{block}")).code(1);
    let expected = "x.wsp:4: expect any order within 200ms {\n  the received message matches none of the remaining \
        expectations\n  \
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
