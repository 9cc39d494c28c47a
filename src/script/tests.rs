//! The language as a whole: what is read, what is refused, and that what is printed is read as the same.

use proptest::prelude::*;
use regex::Regex;

use super::*;

/// The tree without its places, which move when a file is formatted.
fn shape(script: &Script) -> String {
    let place = Regex::new(r"Position \{ line: \d+, column: \d+ \}").unwrap();
    place.replace_all(&format!("{script:?}"), "").into_owned()
}

/// What is wrong, a line each.
fn flaws(source: &str) -> Vec<String> {
    match parse(source) {
        Ok(script) => panic!("nothing is wrong with\n{source}\n{script:#?}"),
        Err(flaws) => flaws.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn holds_together(source: &str) -> Result<(), TestCaseError> {
    let Ok(script) = parse(source) else { return Ok(()) };
    let formatted = crate::script::canonical::format(source).expect("it was parsed");
    let again = parse(&formatted).map_err(|flaws| TestCaseError::fail(format!("{formatted}\n{flaws:?}")))?;
    prop_assert_eq!(shape(&again), shape(&script), "{}", formatted);
    prop_assert_eq!(
        crate::script::canonical::format(&formatted).expect("it was parsed"),
        formatted.clone(),
        "not idempotent"
    );
    let printed = script.to_string();
    let again = parse(&printed).map_err(|flaws| TestCaseError::fail(format!("{printed}\n{flaws:?}")))?;
    prop_assert_eq!(shape(&again), shape(&script), "{}", printed);
    Ok(())
}

/// Each line in its canonical form.
const LINES: [&str; 134] = [
    "loop {\n}",
    "loop {\n  pause 1s\n}",
    "a: when text \"{\" capture b {\n  send {{b}}\n}",
    "when text contains \"with\" {\n  repeat 2 {\n    ping\n    pause 10ms\n  }\n  drop\n}",
    "when json $.a == {\"b\":1} and $.c {\n  set d = {{e}}\n}",
    "when binary hex 00 ?? {{x}} .. {\n  frame text fin=0 a\n}",
    "on GET /a?b=c answer 200 json {\"id\":\"{{uuid}}\"}",
    "on DELETE /x answer 404 no such thing",
    "connect {{url}}/chat",
    "a: connect wss://example.org/x?y#z",
    "status 101",
    "send hello",
    "send see issue #4",
    "send it's 5\" wide",
    "send {\"op\":\"a # b\"}",
    "send \"  padded # text\\n\"",
    "send \"\"",
    "send text text",
    "send text json {}",
    "send \\{{literal}} and {{variable}}",
    "send {{{a}}}",
    "send {{env:HOME}} {{uuid}} {{now}} {{random -1..6}} {{list.0.id}}",
    "send json {\"op\":\"subscribe\",\"id\":{{id}},\"name\":\"{{name}}\"}",
    "send json \"text\"",
    "send json {{all}}",
    "send json [1, 2.50, \"a\\\\{{b}}\"]",
    "send binary hex 00 ff 10",
    "send binary hex",
    "send binary base64 AP8Q",
    "send binary base64 {{x}}",
    "send binary hex 10 varint(u16(\"MQTT\") 04 02 {{id}}) {{x}}",
    "send header {{base64 name}} {{base64 env:A}} {{base64 hex x}}",
    "expect binary hex 00 ?? u8(..) ..",
    "expect binary contains hello",
    "expect binary contains \"text x\"",
    "expect binary contains hex 00 ?? ff capture x",
    "expect binary matches /^a(?-u:[\\x80-\\xff])/i capture x",
    "expect binary json {\"a\":1}",
    "expect binary json exactly [1] capture x",
    "expect within 1s binary json $.a == 1",
    "expect bytes hex 20 02 ?? 00",
    "expect bytes hex 30 varint(u16(\"a/b\") ..) capture publish",
    "expect bytes hex {{x}}",
    "expect bytes text \"GET \" capture x",
    "expect bytes base64 AP8Q",
    "expect bytes file a.bin",
    "send binary file a b.bin",
    "send binary text \"a\\x1e\\0\"",
    "send text file ./hello.txt",
    "frame text fin=0 rsv=1 hel",
    "fragment 64K",
    "fragment 1000",
    "fragment off",
    "split at \"\\x1e\"",
    "split at ;",
    "split off",
    "ping",
    "ping hello",
    "ping \"\"",
    "pong {{x}}",
    "expect message",
    "expect text",
    "expect text hello world",
    "expect text json",
    "expect text contains hello",
    "expect text \"contains\"",
    "expect text \"done\" capture x",
    "expect within 500ms text matches /^tick \\d+\\/{{n}}/im capture n",
    "expect text capture all",
    "expect json {\"op\":\"subscribed\",\"id\":1}",
    "expect json exactly [1, {\"a\": null}] capture x",
    "expect within 500ms json $.op == \"tick\" and $.price > 0",
    "expect json ($.a or $.b) and not ($.c and $.d)",
    "expect json $.a and ($.b and $.c)",
    "expect json not not $['a b'] or $[?@.x == 1]",
    "expect json $.a matches /x y/i and $.b contains \"c\" capture d",
    "expect json $.a != $.b and $.c <= {{n}} or $.d >= 1 or $.e < 2",
    "expect binary",
    "expect binary hex 00 ff capture x",
    "expect binary base64 AA== capture x",
    "expect binary text \"a\" capture x",
    "expect ping",
    "expect pong hello",
    "expect pong matches /h/",
    "expect close",
    "expect close 1000",
    "expect close 1000 bye bye",
    "expect close matches /b/",
    "expect header Content-Type",
    "expect header Content-Type: text/plain",
    "expect header X: contains y",
    "expect header X contains y",
    "expect header X: \"\"",
    "expect body no such room",
    "expect body \"json\"",
    "expect body json $.error",
    "expect subprotocol chat.v2",
    "expect subprotocol \"\"",
    "nothing within 200ms",
    "skip until json $.op == \"done\" within 5s",
    "skip until text \"done\" within 1m30s capture x",
    "skip until message",
    "reply to json $.type == 6 with {\"type\":6}",
    "reply to text \"ping\" with pong",
    "reply to text with json {\"a\":\"{{uuid}}\"}",
    "reply to text matches /^ping (\\d+)$/ capture n with pong {{n}}",
    "reply to json {\"op\":\"ping\"} with with",
    "reply to binary hex 00 with binary hex 01",
    "reply to message with \"\"",
    "expect message json $.a == 1 capture n",
    "expect message json exactly {\"a\":1}",
    "reply off",
    "ignore text contains tick",
    "ignore json $.type == 6",
    "ignore off",
    "capture seq = json $.seq",
    "capture n = text matches /(\\d+)/",
    "capture n = text",
    "capture n = binary",
    "capture n = header X-Id",
    "capture n = status",
    "capture n = close code",
    "capture n = close reason",
    "set name = a value",
    "log \"a # b\"",
    "log a#b",
    "pause 1.5s",
    "exec ./login.sh --as \"$user # 1\" capture token",
    "exec within 2s echo a",
    "close",
    "close 1000 bye",
    "close 4000 \"\"",
    "drop",
    "half-close",
];

#[test]
fn every_step_is_printed_as_it_is_written() {
    for line in LINES {
        let script = parse(line).unwrap_or_else(|flaws| panic!("{line}: {flaws:?}"));
        assert_eq!(script.to_string(), format!("{line}\n"));
        assert_eq!(crate::script::canonical::format(line).unwrap(), format!("{line}\n"));
        assert_eq!(shape(&parse(&script.to_string()).unwrap()), shape(&script), "{line}");
    }
}

#[test]
fn comments_blank_lines_and_indentation_come_into_form() {
    let source = "\u{feff}#!/usr/bin/env -S wsprobe run\r\n\r\n\r\noptions   # for all\n\theader A:  b\n # more\n  \
        within 1500ms\nconnect   x   # here\n      insecure\n        # header C: d\n\n# next\nrepeat  2 {\n   send  a \n\
        # inside\n send \"\"\"   # long\n      one\n\n        two\n   \"\"\"\n  }\nparallel {\na: connect y\n   k-v z\n}{\n\
        b: ping\n # end\n}\n\n";
    let formatted = "#!/usr/bin/env -S wsprobe run\n\noptions  # for all\n  header A:  b\n  # more\n  within 1500ms\n\
        connect x  # here\n  insecure\n  # header C: d\n\n# next\nrepeat 2 {\n  send a\n  # inside\n  send \"\"\"  # long\n    \
        one\n\n      two\n  \"\"\"\n}\nparallel {\n  a: connect y\n    k-v z\n} {\n  b: ping\n  # end\n}\n";
    assert_eq!(crate::script::canonical::format(source).unwrap(), formatted);
    assert_eq!(crate::script::canonical::format(formatted).unwrap(), formatted);
    assert_eq!(shape(&parse(source).unwrap()), shape(&parse(formatted).unwrap()));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let source = "conect x\nsend json {\"a\":}\nrepeat x {\n  expect text a within 1s\n  parallel {\nstatus 99\n";
    assert_eq!(
        flaws(source),
        [
            "1:1: unknown step `conect`; did you mean `connect`?",
            "2:16: this is not JSON: expected value",
            "3:1: this `repeat` is not closed; end it with `}` on a separate line",
            "3:8: expected a number of at least 1; as in `repeat 10 {`",
            "4:15: it is unclear whether `within 1s` belongs to the text; write `\"a\" within 1s`, or quote all of it",
            "5:3: this `parallel` is not closed; end it with `}` on a separate line",
            "6:8: expected a status; a number from 100 to 599",
        ]
    );
}

#[test]
fn expectations_in_any_order_stand_in_a_block() {
    let source = "a: expect any order  within 2000ms {  # both\n expect json {\"id\":1}\n# or\nexpect text \"x\" capture b\n}\n\
        repeat 2 {\nexpect any order {\nexpect message\n}\n}\n";
    let formatted = "a: expect any order within 2s {  # both\n  expect json {\"id\":1}\n  # or\n  expect text \"x\" \
        capture b\n}\nrepeat 2 {\n  expect any order {\n    expect message\n  }\n}\n";
    assert_eq!(crate::script::canonical::format(source).unwrap(), formatted);
    holds_together(source).unwrap();
    let wrong = "expect any {\n}\nexpect any order {\n  send x\n  a: expect text b\n  expect ping\n  \
        expect within 1s text a\n  repeat 2 {\n  }\n}\nexpect any order {\n}\nexpect any order {\n";
    assert_eq!(
        flaws(wrong),
        [
            "1:12: expected `order`; as in `expect any order {`",
            "4:3: `expect any order` can only contain expectations; as in `expect json {\"id\":1}`",
            "5:3: write the name of the connection before `expect any order`",
            "6:3: `expect any order` can only contain expectations; they must be about messages: others have an order \
             of their own",
            "7:3: the time limit applies to all expectations together; write `expect any order within 2s {`",
            "8:3: `expect any order` can only contain expectations; as in `expect json {\"id\":1}`",
            "11:1: this block has no expectation",
            "13:1: this `expect any order` is not closed; end it with `}` on a separate line",
        ]
    );
}

#[test]
fn the_answer_of_a_rule_may_be_several_steps() {
    let source = "a: reply to  json $.id capture id with {  # both\n capture n = json $.n\nsend {{n}}\n# and\nclose\n}\n\
        reply to text \"a\" with {\"a\": {}}\n";
    let formatted = "a: reply to json $.id capture id with {  # both\n  capture n = json $.n\n  send {{n}}\n  # and\n  \
        close\n}\nreply to text \"a\" with {\"a\": {}}\n";
    assert_eq!(crate::script::canonical::format(source).unwrap(), formatted);
    holds_together(source).unwrap();
    let wrong = "reply to text with {\n  a: send b\n  expect text\n  capture s = status\n  repeat 2 {\n  }\n  send c\n}\n\
        reply to ping with {\n}\nreply to text with {\n}\nreply to text with {\n";
    let only = "an answer can only capture, send and close; as in `capture id = json $.id`, taken from the message \
        that is \
        answered";
    assert_eq!(
        flaws(wrong),
        [
            "2:3: write the name of the connection before `reply to`",
            &format!("3:3: {only}"),
            &format!("4:3: {only}"),
            &format!("5:3: {only}"),
            "9:10: rules apply to messages, and `ping` is not one; pings are answered automatically",
            "11:1: this block has no answer; to ignore a message, write `ignore …`",
            "13:1: this `reply to` is not closed; end it with `}` on a separate line",
        ]
    );
}

#[test]
fn a_rule_may_play_steps_that_take_their_time() {
    let source = "a: when  json $.id capture id { # ticks\nrepeat 3 {\nsend {{id}}\n pause 1000ms\n}\n}\nloop {\n\n}\n";
    let formatted =
        "a: when json $.id capture id {  # ticks\n  repeat 3 {\n    send {{id}}\n    pause 1s\n  }\n}\nloop {\n\n}\n";
    assert_eq!(crate::script::canonical::format(source).unwrap(), formatted);
    holds_together(source).unwrap();
    let wrong = "when text ping {\n  send a\n}\nwhen text \"ping\" with pong\nwhen ping {\n}\nwhen text {\n  a: send b\n  expect text\n  \
        loop {\n  }\n  repeat 2 {\n    fragment 2\n    send a\n  }\n}\nwhen text {\n}\nwhen text {\n  send a\nloop 3 {\nloop {\n";
    let only = "a rule answers a message, and cannot do this; it can `send`, `ping`, `close`, `drop`, `capture`, `set`, \
        `log`, `pause`, `exec` and `repeat`";
    assert_eq!(
        flaws(wrong),
        [
            "1:11: text before `{` must be quoted; as in `when text \"ping\" {`",
            "4:18: expected `{`; as in `when text \"ping\" {`",
            "5:6: rules apply to messages, and `ping` is not one; pings are answered automatically",
            "8:3: write the name of the connection before `when`",
            &format!("9:3: {only}"),
            &format!("10:3: {only}"),
            &format!("13:5: {only}"),
            "17:1: this block has no answer; to ignore a message, write `ignore …`",
            "19:1: this `when` is not closed; end it with `}` on a separate line",
            "21:1: this `loop` is not closed; end it with `}` on a separate line",
            "21:6: expected `{`; as in `loop {`",
            "22:1: this `loop` is not closed; end it with `}` on a separate line",
        ]
    );
    assert!(flaws("if a {\n")[0].ends_with("write a rule as `when json $.op == \"ping\" {`"));
    assert!(flaws("while a\n")[0].ends_with("write an endless loop as `loop {`"));
}

#[test]
fn a_rule_says_to_what_it_replies_and_with_what() {
    let wrong = "reply json $.a with b\nreply to text ping with pong\nreply to text \"ping\"\nreply to ping with pong\n\
        ignore close\nignore\nreply to text \"a\" within 1s with b\n";
    assert_eq!(
        flaws(wrong),
        [
            "1:7: expected `to`; as in `reply to json $.op == \"ping\" with {\"op\":\"pong\"}`",
            "2:15: text before `with` must be quoted; as in `reply to text \"ping\" with pong`",
            "3:21: expected `with` and an answer; as in `reply to text \"ping\" with pong`",
            "4:10: rules apply to messages, and `ping` is not one; pings are answered automatically",
            "5:8: rules apply to messages, and `close` is not one",
            "6:7: nothing is expected here; `expect message` takes any",
            "7:19: expected `with` and an answer; as in `reply to text \"ping\" with pong`",
        ]
    );
}

#[test]
fn a_server_answers_plain_requests_before_its_first_step() {
    let source = "on OPTIONS  /a answer 204 # preflight\n   header Access-Control-Allow-Origin: *\non GET /p answer 200 text file \
        p.html\non GET /t answer 200 \"\"\"\n  a\n  b\n\"\"\"\n  header X: {{x}}\n\nexpect text a\n";
    let formatted = "on OPTIONS /a answer 204  # preflight\n  header Access-Control-Allow-Origin: *\non GET /p answer 200 text file \
        p.html\non GET /t answer 200 \"\"\"\n  a\n  b\n\"\"\"\n  header X: {{x}}\n\nexpect text a\n";
    assert_eq!(crate::script::canonical::format(source).unwrap(), formatted);
    holds_together(source).unwrap();
    let wrong = "on get /a answer 200\non GET a answer 200\non GET /{{a}} answer 200\non GET /a 200\non GET /a answer 101\n\
        on GET /a answer 204 x\non GET /a answer 200 binary hex 00\non GET /a answer 200\n  insecure\n  header a\nlog x\n\
        on GET /a answer 200\n  header a: b\n";
    assert_eq!(
        flaws(wrong),
        [
            "1:4: expected a method in capitals; as in `on GET /negotiate answer 200 json {}`",
            "2:8: expected a path; as in `on GET /negotiate answer 200 json {}`",
            "3:8: `/{{a}}` is not the path of a request; it must not contain a fragment or variables",
            "4:11: expected `answer`; as in `on GET /negotiate answer 200 json {}`",
            "5:18: expected a status; a number from 200 to 599",
            "6:22: an answer with 204 cannot have a body",
            "7:22: the body of an answer must be text",
            "9:3: only headers can follow an answer; as in `header Access-Control-Allow-Origin: *`",
            "10:3: write a header as `Name: value`; as in `header Access-Control-Allow-Origin: *`",
            "12:1: `on` must be before the first step",
        ]
    );
}

#[test]
fn bytes_have_gaps_and_lengths_where_those_mean_something() {
    let wrong = "send binary hex 00 ??\nsend binary hex 00 ..\nexpect bytes hex 00 ..\nexpect binary hex .. 00\n\
        expect binary contains hex ..\nexpect bytes hex u16(00\nexpect bytes hex 0 \"a\"\nexpect bytes hex 00 xy\nexpect bytes\n\
        skip until bytes hex 00\nexpect binary hex {{x\nsend {{base64 uuid}}\nreply to bytes hex 00 with a\n";
    assert_eq!(
        flaws(wrong),
        [
            "1:20: `??` can be expected, but not sent",
            "2:20: `..` can be expected, but not sent",
            "3:21: the end of these bytes is undefined; `..` stands for the rest of a message, or of what `u16(…)` \
             counts",
            "4:22: nothing can follow `..`",
            "5:28: the end of these bytes is undefined; `..` stands for the rest of a message, or of what `u16(…)` \
             counts",
            "6:18: this parenthesis is not closed",
            "7:18: a hex digit is missing; each byte has two, as in `00 ff 10`",
            "8:21: `xy` is not hex; as in `00 ff 10`",
            "9:13: expected bytes; as in `bytes hex 20 02 ?? 00`",
            "10:12: bytes are taken one after another and cannot be skipped; use `skip until binary …` to skip \
             messages, or `expect bytes hex ??` to skip a byte",
            "11:19: `{{` has no `}}` on its line; write variables as `{{name}}`, and a literal `{{` as `\\{{`",
            "12:6: `base64` takes a variable: `{{base64 name}}`, or `{{base64 hex name}}` of bytes",
            "13:10: rules apply to messages, and `bytes` is not one",
        ]
    );
    let nested = format!("expect bytes hex {}00{}", "u8(".repeat(1000), ")".repeat(1000));
    assert_eq!(flaws(&nested).len(), 1);
}

#[test]
fn what_goes_too_deep_is_refused_at_once() {
    let deep =
        |open: &str, inner: &str, close: &str, times| format!("{}{inner}{}", open.repeat(times), close.repeat(times));
    for line in [
        format!("expect json $[?{}]", deep("(", "@.a", ")", 1000)),
        format!("expect json ${}", deep("[?@", "", "]", 1000)),
        format!("expect json {}", deep("(", "$.a", ")", 1000)),
        format!("expect json {}", deep("[", "", "]", 1000)),
        format!("expect json {}$.a", "not ".repeat(1000)),
        format!("expect json $.a{}", " or $.a".repeat(60_000)),
        format!("expect json $.a{}", " and $.a".repeat(64)),
        format!("expect text matches /{}/", deep("(", "a", ")", 1000)),
        "repeat 2 {\n".repeat(1000),
    ] {
        assert_eq!(flaws(&line).len(), 1, "{line}");
    }
    // As deep as it may be, and still no work for long.
    assert!(parse(&format!("expect json $[?{}]", deep("(", "@.a", ")", 30))).is_ok());
    assert!(parse(&format!("expect json $.a{}", " and $.a".repeat(63))).is_ok());
}

/// wsprobe.wsp(5), with troff's escapes undone.
fn page() -> String {
    let page = include_str!("../../man/wsprobe.wsp.5").replace("\\&", "");
    let escapes = [("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\e", "\\")];
    escapes.iter().fold(page, |page, (escape, meant)| page.replace(escape, meant))
}

#[test]
fn every_example_of_the_man_page_is_a_script() {
    let page = page();
    let (examples, grammar) = page.split_once(".SH GRAMMAR").expect("there is a grammar");
    let examples: Vec<_> = examples.split(".EX\n").skip(1).map(|rest| rest.split(".EE\n").next().unwrap()).collect();
    assert!(examples.len() > 15);
    for example in &examples {
        let script = parse(example).unwrap_or_else(|flaws| panic!("{example}{flaws:#?}"));
        holds_together(example).unwrap();
        assert!(!script.steps.is_empty() || !script.settings.is_empty(), "{example}");
    }
    let terms: Vec<_> = page.split(".TP\n").skip(1).filter_map(|rest| rest.lines().next()).collect();
    for step in parse::STEPS.iter().filter(|step| **step != "}") {
        assert!(terms.iter().any(|term| term.contains(&format!("\\fB{step}"))), "`{step}` is not explained");
        assert!(grammar.contains(&format!("\"{step}\"")), "`{step}` is not in the grammar");
        let has_example = examples.iter().any(|example| example.contains(step));
        assert!(has_example, "`{step}` has no example");
    }
    for pattern in parse::PATTERNS {
        assert!(grammar.contains(&format!("\"{pattern}\"")), "`{pattern}` is not in the grammar");
        assert!(
            page.contains(&format!("\\fB{pattern}")) || page.contains(&format!("expect {pattern}")),
            "`{pattern}` is not explained"
        );
    }
    assert!(page.contains(concat!("wsprobe ", env!("CARGO_PKG_VERSION"))), "the page is of another version");
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(
        lines in proptest::collection::vec(
            prop_oneof![
                6 => (proptest::sample::select(LINES.to_vec()), "( # x| \\{\\{a\\}\\}| capture b| within 1s| with x|\"|\\\\| /| \\)|\\}){0,2}")
                    .prop_map(|(line, more)| format!("{line}{more}")),
                2 => "(repeat 2|loop|parallel|expect any order|reply to text with|when text|\\}) \\{",
                2 => "\\}",
                1 => "(send|expect json|set a =|exec|expect text contains) \"\"\"\n( {0,4}[a-z1{}\"\\\\#]{0,3} {0,2}\n){0,4}\"\"\"",
                2 => "(send|log|expect text|expect header X:|exec|ping|set a =|close 1000) [ -~é\t\r]{0,12}",
                1 => " {0,3}(#.{0,5})?",
                1 => "options|  within 1s|   header A: [ -~]{0,8}|connect x",
            ],
            0..12,
        ),
    ) {
        // One bad line makes a bad file, so that most are tried alone.
        lines.iter().try_for_each(|line| holds_together(line))?;
        holds_together(&lines.join("\n"))?;
    }

    #[test]
    fn any_text_is_read_without_a_panic(source in any::<String>()) {
        holds_together(&source)?;
    }
}
