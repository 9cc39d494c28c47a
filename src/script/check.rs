//! What can be known to be wrong with a script before it is played: options, variables and connections.

use std::collections::BTreeSet;

use super::flaw::Flaw;
use super::pieces::{of_action, of_pattern, of_payload};
use super::syntax::{Action, Expect, HttpAnswer, Piece, Position, RuleAnswer, Script, Setting, Step, Template};
use super::variables::Variables;
use super::variables::environment::name_of;
use crate::target::Parsed;
use crate::text::synonyms;

/// An option that a connection can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OptionName {
    /// Without its dashes.
    pub(crate) name: String,
    pub(crate) value: OptionValue,
}

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionValue {
    Never,
    Maybe,
    Always,
}

/// What a script may refer to beside what it says itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownNames<'a> {
    pub(crate) options: &'a [OptionName],
    /// Without any, nobody can tell yet which have a value.
    pub(crate) variables: Option<&'a Variables>,
    pub(crate) given: DefaultConnection,
}

/// Whether the connection without a name is there before the script begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultConnection {
    No,
    /// If nothing in the script connects: then it is a server's.
    Perhaps,
    Yes,
}

/// What is wrong with a script; of one that is not whole, the rest may have what is missed.
pub(super) fn check(script: &Script, known: KnownNames<'_>, is_whole: bool) -> Vec<Flaw> {
    let mut check = ScriptChecker {
        known,
        is_whole,
        flaws: Vec::new(),
        connections: BTreeSet::new(),
        missed: BTreeSet::new(),
        defined: BTreeSet::new(),
    };
    check.settings(&script.settings);
    script.answers.iter().for_each(|answer| check.http_answer(answer));
    connected(&script.steps, &mut check.connections);
    let is_given = match known.given {
        DefaultConnection::No => false,
        DefaultConnection::Perhaps => check.connections.is_empty(),
        DefaultConnection::Yes => true,
    };
    check.connections.extend(is_given.then_some(None));
    check.steps(&script.steps);
    check.flaws
}

struct ScriptChecker<'a> {
    known: KnownNames<'a>,
    is_whole: bool,
    flaws: Vec<Flaw>,
    /// Those that some step connects.
    connections: BTreeSet<Option<&'a str>>,
    /// Those that none connects: one word about each is enough.
    missed: BTreeSet<Option<&'a str>>,
    /// Variables that got a value in the script.
    defined: BTreeSet<&'a str>,
}

impl<'a> ScriptChecker<'a> {
    fn steps(&mut self, steps: &'a [Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &'a Step) {
        match &step.action {
            Action::Repeat { steps, .. } => return self.steps(steps),
            Action::Loop(steps) => {
                if !steps.is_empty() && !steps.iter().any(takes_time) {
                    let flaw = Flaw::new(step.place, "no step of this loop waits for anything");
                    self.flaws.push(flaw.hint("add `pause 1s`; an empty `loop` waits for the end of the connection"));
                }
                return self.steps(steps);
            }
            Action::Parallel(branches) => {
                // They run side by side: one may wait for what another has captured.
                branches.iter().for_each(|branch| self.define(branch));
                return branches.iter().for_each(|branch| self.steps(branch));
            }
            Action::AnyOrder { steps, .. } => {
                self.connection(step);
                // What one of them captures, the others do not see.
                let all = steps.iter().flat_map(|step| of_action(&step.action));
                all.for_each(|piece| self.piece(piece));
                return self.define(steps);
            }
            Action::Reply { to, capture, with } => {
                self.connection(step);
                of_pattern(to).into_iter().for_each(|piece| self.piece(piece));
                return self.answer(capture.as_deref(), with);
            }
            Action::Exec { command, .. } => command.0.iter().for_each(|piece| self.in_command(step, piece)),
            Action::Connect { url, settings } => {
                if let Some(Err(error)) = url.literal().map(Parsed::from_text) {
                    self.flaws.push(Flaw::new(step.place, format!("this is not a URL: {error}")));
                }
                self.settings(settings);
            }
            action if uses_connection(action) => self.connection(step),
            _ => {}
        }
        of_action(&step.action).into_iter().for_each(|piece| self.piece(piece));
        self.define(std::slice::from_ref(step));
    }

    fn http_answer(&mut self, answer: &'a HttpAnswer) {
        if self.known.given == DefaultConnection::No {
            let flaw = Flaw::new(answer.place, "no server can answer here");
            self.flaws.push(flaw.hint("`on` is for `wsprobe listen --script`"));
        }
        answer.headers.iter().filter_map(|header| header.value.as_ref()).for_each(|value| self.template(value));
        answer.body.iter().flat_map(of_payload).for_each(|piece| self.piece(piece));
    }

    fn connection(&mut self, step: &'a Step) {
        let name = step.connection.as_deref();
        if self.connections.contains(&name) || !self.is_whole || !self.missed.insert(name) {
            return;
        }
        let flaw = match name {
            None => Flaw::new(step.place, "this step has no connection"),
            Some(name) => Flaw::new(step.place, format!("no step connects `{name}`")),
        };
        let names: Vec<_> = self.connections.iter().flatten().copied().collect();
        self.flaws.push(match name {
            Some(name) if !names.is_empty() => flaw.hint_at(name, names),
            None if !names.is_empty() => flaw.hint(format!("put a name before it, as in `{}: …`", names[0])),
            _ => flaw.hint("`connect URL` makes one; a server's script is for `wsprobe listen --script`"),
        });
    }

    fn settings(&mut self, settings: &[Setting]) {
        for setting in settings.iter().filter(|setting| setting.option != "within") {
            let option = &setting.option;
            let found = self.known.options.iter().find(|known| known.name == *option);
            let flaw = match (found, &setting.value) {
                (None, _) => Some(self.unknown_option(setting)),
                (Some(known), None) if known.value == OptionValue::Always => {
                    Some(Flaw::new(setting.place, format!("the option `{option}` needs a value")))
                }
                (Some(known), Some(_)) if known.value == OptionValue::Never => {
                    Some(Flaw::new(setting.place, format!("the option `{option}` takes no value")))
                }
                _ => None,
            };
            self.flaws.extend(flaw);
            setting.value.iter().for_each(|value| self.template(value));
        }
    }

    fn unknown_option(&self, Setting { place, option, .. }: &Setting) -> Flaw {
        let flaw = Flaw::new(*place, format!("a connection has no option `{option}`"));
        let names = self.known.options.iter().map(|known| known.name.as_str());
        if let Some(advice) = synonyms::advice(option, "", &|name| names.clone().any(|known| known == name)) {
            return flaw.hint(advice);
        }
        match super::flaw::nearest(option, names) {
            Some(meant) => flaw.hint(format!("did you mean `{meant}`?")),
            None => flaw.hint("use those of `wsprobe run --help`, without their dashes"),
        }
    }

    fn template(&mut self, template: &Template) {
        template.0.iter().for_each(|piece| self.piece(piece));
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Variable(place, name) => self.variable(*place, name),
            Piece::Base64 { of, .. } => self.piece(of),
            Piece::Environment(place, name)
                if self.known.variables.is_some_and(|variables| !variables.has_environment(name)) =>
            {
                let flaw = Flaw::new(*place, format!("`{name}` is not set in the environment"));
                self.flaws.push(flaw.hint(format!("set it, as in `{name}=… wsprobe run …`")));
            }
            _ => {}
        }
    }

    /// A shell would run what a peer has said: variables come to it as its environment.
    fn in_command(&mut self, step: &Step, piece: &Piece) {
        let (place, name) = match piece {
            Piece::Literal(_) => return,
            Piece::Variable(place, name) | Piece::Environment(place, name) => (*place, name_of(name)),
            _ => {
                let flaw = Flaw::new(step.place, format!("`{piece}` cannot be used in a command"));
                return self.flaws.push(flaw.hint(format!("write `set x = {piece}` before it, and `\"$x\"` in it")));
            }
        };
        let flaw = Flaw::new(place, format!("`{piece}` cannot be used in a command: the shell would run its value"));
        self.flaws.push(flaw.hint(format!("write `\"${name}\"`: variables are passed in the command's environment")));
    }

    fn variable(&mut self, place: Position, name: &str) {
        let Some(variables) = self.known.variables.filter(|_| self.is_whole) else { return };
        if self.defined.contains(name) || variables.has(name) {
            return;
        }
        let flaw = Flaw::new(place, format!("the variable `{name}` has no value here"));
        let names = variables.names().chain(self.defined.iter().copied());
        self.flaws.push(match super::flaw::nearest(name, names) {
            Some(meant) => flaw.hint(format!("did you mean `{meant}`?")),
            None => flaw.hint(format!("give it one with `--var {name}=…`, `--vars FILE` or an earlier `capture`")),
        });
    }

    /// What a rule answers with, in which its own captures have values.
    fn answer(&mut self, capture: Option<&'a str>, with: &'a RuleAnswer) {
        let outside = self.defined.clone();
        self.defined.extend(capture);
        match with {
            RuleAnswer::Payload(payload) => of_payload(payload).into_iter().for_each(|piece| self.piece(piece)),
            RuleAnswer::Steps(steps) | RuleAnswer::Play(steps) => self.steps_of_rule(steps),
        }
        self.defined = outside;
        if let RuleAnswer::Play(steps) = with {
            set(steps, &mut self.defined);
        }
    }

    /// Their connection is that of the rule.
    fn steps_of_rule(&mut self, steps: &'a [Step]) {
        for step in steps {
            match &step.action {
                Action::Repeat { steps, .. } => self.steps_of_rule(steps),
                Action::Exec { command, .. } => command.0.iter().for_each(|piece| self.in_command(step, piece)),
                action => of_action(action).into_iter().for_each(|piece| self.piece(piece)),
            }
            self.define(std::slice::from_ref(step));
        }
    }

    /// Takes note of what these steps give values to.
    fn define(&mut self, steps: &'a [Step]) {
        for step in steps {
            match &step.action {
                Action::Repeat { steps, .. } | Action::Loop(steps) | Action::AnyOrder { steps, .. } => {
                    self.define(steps);
                }
                Action::Parallel(branches) => branches.iter().for_each(|branch| self.define(branch)),
                Action::Capture { name, .. } | Action::Set { name, .. } => {
                    self.defined.insert(name);
                }
                Action::Expect(Expect { capture, .. })
                | Action::Skip { capture, .. }
                | Action::Exec { capture, .. } => self.defined.extend(capture.as_deref()),
                _ => {}
            }
        }
    }
}

/// The variables of the script that a rule gives values to; what it captures is its own.
fn set<'a>(steps: &'a [Step], names: &mut BTreeSet<&'a str>) {
    for step in steps {
        match &step.action {
            Action::Set { name, .. } => drop(names.insert(name)),
            Action::Repeat { steps, .. } => set(steps, names),
            _ => {}
        }
    }
}

/// The names of all connections that these steps open.
fn connected<'a>(steps: &'a [Step], names: &mut BTreeSet<Option<&'a str>>) {
    for step in steps {
        match &step.action {
            Action::Connect { .. } => {
                names.insert(step.connection.as_deref());
            }
            Action::Repeat { steps, .. } | Action::Loop(steps) => connected(steps, names),
            Action::Parallel(branches) => branches.iter().for_each(|branch| connected(branch, names)),
            _ => {}
        }
    }
}

/// Whether a loop of it alone leaves the processor to others; a send waits for the peer.
fn takes_time(step: &Step) -> bool {
    match &step.action {
        Action::Repeat { steps, .. } | Action::Loop(steps) => steps.iter().any(takes_time),
        Action::Parallel(branches) => branches.iter().flatten().any(takes_time),
        Action::Expect(Expect { pattern, .. }) => !pattern.is_of_opening(),
        Action::Connect { .. }
        | Action::Send(_)
        | Action::Frame(_)
        | Action::Ping(_)
        | Action::Pong(_)
        | Action::Nothing { .. }
        | Action::Skip { .. }
        | Action::AnyOrder { .. }
        | Action::Exec { .. }
        | Action::Pause(_) => true,
        _ => false,
    }
}

pub(crate) fn uses_connection(action: &Action) -> bool {
    match action {
        Action::Connect { .. }
        | Action::Set { .. }
        | Action::Exec { .. }
        | Action::Pause(_)
        | Action::Log(_)
        | Action::Repeat { .. }
        | Action::Loop(_)
        | Action::Parallel(_) => false,
        Action::Status(_)
        | Action::Send(_)
        | Action::Frame(_)
        | Action::Split(_)
        | Action::Decode(_)
        | Action::Fragment(_)
        | Action::Ping(_)
        | Action::Pong(_)
        | Action::Expect(_)
        | Action::Nothing { .. }
        | Action::Skip { .. }
        | Action::AnyOrder { .. }
        | Action::Reply { .. }
        | Action::Ignore(_)
        | Action::Off(_)
        | Action::Capture { .. }
        | Action::Close { .. }
        | Action::Drop
        | Action::HalfClose => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn flaws(source: &str) -> Vec<String> {
        let mut variables = Variables::new(|name| (name == "HOME").then(String::new));
        variables.set("url", "ws://h");
        let option = |name: &str, value| OptionName { name: name.to_owned(), value };
        let options = [
            option("header", OptionValue::Always),
            option("http2", OptionValue::Maybe),
            option("insecure", OptionValue::Never),
        ];
        let known = KnownNames { options: &options, variables: Some(&variables), given: DefaultConnection::No };
        match super::super::parse_and_check(source, known) {
            Ok(_) => Vec::new(),
            Err(flaws) => flaws.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn options_are_those_that_a_connection_has() {
        assert_eq!(flaws("options\n  header A: b\n  within 2s\nconnect {{url}}\n  insecure\n"), [""; 0]);
        assert_eq!(
            flaws("connect {{url}}\n  heder A: b\n  insecure yes\n  header\n  execute x\n"),
            [
                "2:3: a connection has no option `heder`; did you mean `header`?",
                "3:3: the option `insecure` takes no value",
                "4:3: the option `header` needs a value",
                "5:3: a connection has no option `execute`; use those of `wsprobe run --help`, without their dashes",
            ]
        );
    }

    #[test]
    fn a_variable_has_a_value_before_it_is_used() {
        let source = "connect {{ur}}\nsend {{n}} {{env:HOME}} {{env:NO}}\nexpect json $.a == {{m}} capture m\n\
            repeat 2 {\n  send {{late}}\n  set late = {{m}}\n}\nsend {{late}}\nexpect text matches /{{x}}/\n";
        assert_eq!(
            flaws(source),
            [
                "1:9: the variable `ur` has no value here; did you mean `url`?",
                "2:6: the variable `n` has no value here; give it one with `--var n=…`, `--vars FILE` or an earlier `capture`",
                "2:25: `NO` is not set in the environment; set it, as in `NO=… wsprobe run …`",
                "3:20: the variable `m` has no value here; give it one with `--var m=…`, `--vars FILE` or an earlier `capture`",
                "5:8: the variable `late` has no value here; give it one with `--var late=…`, `--vars FILE` or an earlier `capture`",
                "9:22: the variable `x` has no value here; give it one with `--var x=…`, `--vars FILE` or an earlier `capture`",
            ]
        );
    }

    #[test]
    fn a_rule_captures_for_itself_and_sets_for_all() {
        let rule = "when text capture a {\n  capture b = text\n  exec true capture c\n  set d = {{a}}{{b}}{{c}}\n}\n";
        assert_eq!(flaws(&format!("connect {{{{url}}}}\n{rule}send {{{{d}}}}\n")), [""; 0]);
        let wrong = flaws(&format!("connect {{{{url}}}}\n{rule}send {{{{b}}}}\nexpect text {{{{c}}}}\n"));
        assert!(wrong.len() == 2 && wrong[0].starts_with("7:6: the variable `b` has no value here"), "{wrong:?}");
        let wrong = flaws("connect {{url}}\nwhen text capture a {\n  repeat 2 {\n    exec echo {{a}}\n  }\n}\n");
        assert!(wrong.len() == 1 && wrong[0].starts_with("4:15: `{{a}}` cannot be used in a command"), "{wrong:?}");
    }

    #[test]
    fn an_endless_loop_waits_for_something() {
        let all = |inside: &str| flaws(&format!("connect {{{{url}}}}\nloop {{\n{inside}}}\n"));
        for inside in ["", "pause 1s\n", "send a\n", "repeat 2 {\nexpect text\n}\n", "parallel {\nexec true\n}\n"] {
            assert_eq!(all(inside), [""; 0], "{inside}");
        }
        for inside in ["log a\n", "status 101\nset a = b\n", "expect header A\n", "when text {\n  pause 1s\n}\n"] {
            assert_eq!(
                all(inside),
                [
                    "2:1: no step of this loop waits for anything; add `pause 1s`; an empty `loop` waits for the end of the \
                  connection"
                ],
                "{inside}"
            );
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_checked_for_its_options_only() {
        assert_eq!(
            flaws("connect {{url}}\n  heder A: b\ncaptur n = json $.n\nsend {{n}}\na: ping\n"),
            [
                "2:3: a connection has no option `heder`; did you mean `header`?",
                "3:1: unknown step `captur`; did you mean `capture`?",
            ]
        );
    }

    #[test]
    fn one_branch_may_wait_for_what_another_captures() {
        let source =
            "a: connect :80\nb: connect :80\nparallel {\n  a: expect text capture room\n} {\n  b: send {{room}}\n}\n";
        assert_eq!(flaws(source), [""; 0]);
    }

    #[test]
    fn a_rule_knows_its_own_capture_and_a_block_none_of_its_captures() {
        let missed = "has no value here; give it one with";
        let found = flaws(
            "connect :80\nreply to text matches /a/ capture n with {{n}} {{m}}\nsend {{n}}\nexpect any order {\n\
             expect text \"a\" capture x\nexpect text \"{{x}}\"\n}\nsend {{x}}\nb: ignore text a\nc: expect any order {\n\
             expect text a\n}\n",
        );
        assert_eq!(found.len(), 5, "{found:#?}");
        for (found, place) in
            found.iter().zip(["2:48: the variable `m`", "3:6: the variable `n`", "6:14: the variable `x`"])
        {
            assert!(found.starts_with(place) && found.contains(missed), "{found}");
        }
        assert!(
            found[3].starts_with("9:1: no step connects `b`") && found[4].starts_with("10:1: no step connects `c`")
        );
    }

    #[test]
    fn an_answer_of_several_steps_knows_what_it_has_captured_and_nobody_else_does() {
        let found = flaws(
            "connect :80\nreply to json $.id capture n with {\nsend {{n}} {{m}}\ncapture m = json $.m\nsend {{m}}\n}\n\
             send {{m}} {{n}}\n",
        );
        let places: Vec<_> = found.iter().map(|found| found.split(" has").next().unwrap()).collect();
        assert_eq!(places, ["3:12: the variable `m`", "7:6: the variable `m`", "7:12: the variable `n`"]);
    }

    #[test]
    fn only_a_server_answers_plain_requests() {
        let source = "on GET /a answer 200 {{n}}\n  header X: {{m}}\nconnect :80\n";
        let found = flaws(source);
        assert!(found[0].starts_with("1:1: no server can answer here; `on` is for"), "{found:?}");
        assert!(
            found[1].starts_with("1:22: the variable `n`") && found[2].starts_with("2:13: the variable `m`"),
            "{found:?}"
        );
    }

    #[test]
    fn a_command_takes_variables_from_its_environment_only() {
        assert_eq!(
            flaws("exec echo '{{url}}' {{list.0.my-id}} {{env:HOME}} \\{{.State}}\nexec echo {{uuid}} capture x\n"),
            [
                "1:12: `{{url}}` cannot be used in a command: the shell would run its value; write `\"$url\"`: variables \
                 are passed in the command's environment",
                "1:21: `{{list.0.my-id}}` cannot be used in a command: the shell would run its value; write \
                 `\"$list_0_my_id\"`: variables are passed in the command's environment",
                "1:38: `{{env:HOME}}` cannot be used in a command: the shell would run its value; write `\"$HOME\"`: \
                 variables are passed in the command's environment",
                "2:1: `{{uuid}}` cannot be used in a command; write `set x = {{uuid}}` before it, and `\"$x\"` in it",
            ]
        );
    }

    #[test]
    fn a_step_has_a_connection_that_some_step_opens() {
        assert_eq!(
            flaws("send x\nsend y\n"),
            ["1:1: this step has no connection; `connect URL` makes one; a server's script is for \
                 `wsprobe listen --script`"]
        );
        assert_eq!(
            flaws("chat: connect :80\nchta: ping\nping\nlog x\nchat: drop\n"),
            [
                "2:1: no step connects `chta`; did you mean `chat`?",
                "3:1: this step has no connection; put a name before it, as in `chat: …`",
            ]
        );
        assert_eq!(
            flaws("connect ftp://x\n"),
            ["1:1: this is not a URL: `ftp://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:"]
        );
    }
}
