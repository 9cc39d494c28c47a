//! From text to a tree: lines, blocks and options. What a step says is read by [`step`] and [`pattern`].

mod answer;
mod hex;
pub(crate) mod number;
mod pattern;
mod payload;
mod rule;
mod setting;
mod special_line;
mod step;
mod value;
pub(crate) mod words;

#[cfg(test)]
pub(super) use self::pattern::PATTERNS;
pub(crate) use self::step::STEPS;

use std::time::Duration;

use self::special_line::SpecialLine;
use super::cursor::Cursor;
use super::cursor::chars::is_space;
use super::flaw::Flaw;
use super::format;
use super::syntax::{Action, Expect, Extract, HttpAnswer, Pattern, Position, RuleAnswer, Script, Step};

/// How deep blocks may be in each other.
const DEEPEST: usize = 32;

/// All that is to be known of a file.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What could be understood of it.
    pub(super) script: Script,
    pub(super) flaws: Vec<Flaw>,
    /// Its lines in their canonical form, in order.
    pub(super) rows: Vec<Row>,
}

/// A line of the canonical form; text that takes several lines is one row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) depth: usize,
    /// Empty, if it is blank or a comment alone.
    pub(super) text: String,
    pub(super) comment: Option<String>,
}

/// Reads a whole file, whatever is wrong with it.
pub(super) fn read(source: &str) -> Reading {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    // All of them: one that stayed would go with the next reading.
    let lines: Vec<_> = source.lines().map(|line| line.trim_end_matches('\r')).collect();
    let mut reader = ScriptReader::default();
    let mut next = 0;
    while next < lines.len() && !reader.gave_up {
        let mut cursor = Cursor::new(&lines, next);
        reader.line(&mut cursor);
        next = cursor.next_line();
    }
    reader.end()
}

#[derive(Default)]
struct ScriptReader {
    reading: Reading,
    /// The steps of the file itself, or of the innermost block.
    steps: Vec<Step>,
    blocks: Vec<Block>,
    owner: Option<Owner>,
    has_options: bool,
    gave_up: bool,
}

/// A block that is not closed yet.
struct Block {
    place: Position,
    kind: BlockKind,
    /// The steps that are before it, around it.
    around: Vec<Step>,
}

enum BlockKind {
    Repeat(u32),
    Loop,
    /// With the branches that are complete.
    Parallel(Vec<Vec<Step>>),
    /// With its connection and its limit.
    AnyOrder(Option<String>, Option<Duration>),
    /// With its connection, what it answers, and what it captures of that.
    Reply(Option<String>, Pattern, Option<String>),
    /// The same, of a rule that plays its steps.
    When(Option<String>, Pattern, Option<String>),
}

impl BlockKind {
    /// Whether there are steps that have no place in it.
    fn is_choosy(&self) -> bool {
        matches!(self, Self::AnyOrder(..) | Self::Reply(..) | Self::When(..))
    }
}

/// Whose options the lines are that are indented more than this.
struct Owner {
    indent: usize,
    of: Owning,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owning {
    Head,
    Answer,
    Connect,
}

impl ScriptReader {
    fn line(&mut self, cursor: &mut Cursor<'_>) {
        let indent = cursor.skip_space();
        let is_owned = self.owner.as_ref().is_some_and(|owner| indent > owner.indent);
        let depth = self.blocks.len() + usize::from(is_owned);
        let rest = cursor.rest().trim_end_matches(is_space);
        if rest.is_empty() || rest.starts_with('#') {
            let comment = (!rest.is_empty()).then(|| rest.to_owned());
            self.reading.rows.push(Row { depth, text: String::new(), comment });
            return;
        }
        let outcome = if is_owned { self.setting(cursor) } else { self.step(cursor, indent) };
        match outcome {
            Ok((depth, text)) => {
                self.reading.rows.push(Row { depth, text, comment: cursor.comment.map(str::to_owned) });
            }
            Err(flaw) => {
                self.reading.flaws.push(flaw);
                cursor.abandon();
            }
        }
    }

    /// An option below `options` or `connect`; its depth and its canonical form.
    fn setting(&mut self, cursor: &mut Cursor<'_>) -> Result<(usize, String), Flaw> {
        let of = self.owner.as_ref().map(|owner| owner.of);
        let setting = setting::read(cursor, of == Some(Owning::Head))?;
        let text = setting.to_string();
        let script = &mut self.reading.script;
        match (of, script.answers.last_mut(), self.steps.last_mut().map(|step| &mut step.action)) {
            (Some(Owning::Head), ..) => script.settings.push(setting),
            (Some(Owning::Answer), Some(answer), _) => {
                answer::check_header(&setting)?;
                answer.headers.push(setting);
            }
            (Some(Owning::Connect), _, Some(Action::Connect { settings, .. })) => settings.push(setting),
            _ => unreachable!("options have an owner"),
        }
        Ok((self.blocks.len() + 1, text))
    }

    fn step(&mut self, cursor: &mut Cursor<'_>, indent: usize) -> Result<(usize, String), Flaw> {
        let place = cursor.place();
        self.owner = None;
        // What a line seems to begin is there even if something is wrong with it, so that the lines that belong to it
        // are not taken for more that is wrong.
        let (line, flaw) = match step::line(cursor) {
            Ok(line) => (line, None),
            Err(flaw) => match step::guess(cursor.whole()) {
                Some(line) => (line, Some(flaw)),
                None => return Err(flaw),
            },
        };
        let flaw = flaw.or_else(|| self.misplaced(&line, place));
        // Left out, as it has no place there; blocks are opened all the same, since they will be closed.
        if let (Some(flaw), SpecialLine::Step(..)) = (&flaw, &line)
            && self.innermost().is_some_and(BlockKind::is_choosy)
        {
            return Err(flaw.clone());
        }
        let row = self.take(line, place, indent);
        flaw.map_or(row, Err)
    }

    /// The block that says which steps may be here: what a rule repeats is still of the rule.
    fn innermost(&self) -> Option<&BlockKind> {
        let mut kinds = self.blocks.iter().rev().map(|block| &block.kind);
        let last = kinds.next()?;
        let around = kinds.find(|kind| !matches!(kind, BlockKind::Repeat(_)));
        let is_of_rule = matches!((last, around), (BlockKind::Repeat(_), Some(BlockKind::When(..))));
        around.filter(|_| is_of_rule).or(Some(last))
    }

    /// What is wrong with a line in a block that does not take all steps.
    fn misplaced(&self, line: &SpecialLine, place: Position) -> Option<Flaw> {
        match (self.innermost()?, line) {
            (_, SpecialLine::End | SpecialLine::Branch) => None,
            (BlockKind::AnyOrder(..), line) => Self::no_expectation(line, place),
            (BlockKind::Reply(..), line) => Self::no_part_of_an_answer(line, place),
            (BlockKind::When(..), line) => Self::no_part_of_a_rule(line, place),
            (BlockKind::Repeat(_) | BlockKind::Loop | BlockKind::Parallel(_), _) => None,
        }
    }

    fn no_expectation(line: &SpecialLine, place: Position) -> Option<Flaw> {
        let only = || Flaw::new(place, "`expect any order` can only contain expectations");
        match line {
            SpecialLine::Step(Some(_), _) => {
                Some(Flaw::new(place, "write the name of the connection before `expect any order`"))
            }
            SpecialLine::Step(None, Action::Expect(Expect { within: Some(_), .. })) => Some(
                Flaw::new(place, "the time limit applies to all expectations together")
                    .hint("write `expect any order within 2s {`"),
            ),
            SpecialLine::Step(None, Action::Expect(Expect { pattern, .. })) if pattern.is_of_messages() => None,
            SpecialLine::Step(None, Action::Expect(_)) => {
                Some(only().hint("they must be about messages: others have an order of their own"))
            }
            _ => Some(only().hint("as in `expect json {\"id\":1}`")),
        }
    }

    fn no_part_of_an_answer(line: &SpecialLine, place: Position) -> Option<Flaw> {
        match line {
            SpecialLine::Step(Some(_), _) => Some(Flaw::new(
                place,
                "write the name of the connection before `reply \
                to`",
            )),
            SpecialLine::Step(
                None,
                Action::Send(_)
                | Action::Close { .. }
                | Action::Capture {
                    from: Extract::Text | Extract::Regexp(_) | Extract::Json(_) | Extract::Binary, ..
                },
            ) => None,
            _ => {
                let flaw = Flaw::new(place, "an answer can only capture, send and close");
                Some(flaw.hint("as in `capture id = json $.id`, taken from the message that is answered"))
            }
        }
    }

    fn no_part_of_a_rule(line: &SpecialLine, place: Position) -> Option<Flaw> {
        match line {
            SpecialLine::Step(Some(_), _) => Some(Flaw::new(place, "write the name of the connection before `when`")),
            SpecialLine::Repeat(_)
            | SpecialLine::Step(
                None,
                Action::Set { .. }
                | Action::Log(_)
                | Action::Pause(_)
                | Action::Exec { .. }
                | Action::Ping(_)
                | Action::Pong(_)
                | Action::Frame(_)
                | Action::Drop
                | Action::HalfClose,
            ) => None,
            line => Self::no_part_of_an_answer(line, place).map(|_| {
                let flaw = Flaw::new(place, "a rule answers a message, and cannot do this");
                flaw.hint(
                    "it can `send`, `ping`, `close`, `drop`, `capture`, `set`, `log`, `pause`, `exec` and `repeat`",
                )
            }),
        }
    }

    fn take(&mut self, line: SpecialLine, place: Position, indent: usize) -> Result<(usize, String), Flaw> {
        let depth = self.blocks.len();
        match line {
            SpecialLine::Step(connection, action) => {
                let is_connect = matches!(action, Action::Connect { .. });
                self.owner = is_connect.then_some(Owner { indent, of: Owning::Connect });
                let step = Step { place, connection, action };
                let text = format::head(&step);
                self.steps.push(step);
                Ok((depth, text))
            }
            SpecialLine::Options => {
                self.options(place)?;
                self.owner = Some(Owner { indent, of: Owning::Head });
                Ok((depth, "options".to_owned()))
            }
            SpecialLine::On(answer) => {
                self.owner = Some(Owner { indent, of: Owning::Answer });
                let text = format::answer(&answer);
                self.reading.script.answers.push(HttpAnswer { place, ..answer });
                self.before_steps(place, "on").map(|()| (depth, text))
            }
            SpecialLine::Repeat(times) => {
                self.open(place, BlockKind::Repeat(times)).map(|()| (depth, format!("repeat {times} {{")))
            }
            SpecialLine::Loop => self.open(place, BlockKind::Loop).map(|()| (depth, "loop {".to_owned())),
            SpecialLine::Parallel => {
                self.open(place, BlockKind::Parallel(Vec::new())).map(|()| (depth, "parallel {".to_owned()))
            }
            SpecialLine::AnyOrder(connection, within) => {
                let head = Action::AnyOrder { within, steps: Vec::new() };
                let text = format::head(&Step { place, connection: connection.clone(), action: head });
                self.open(place, BlockKind::AnyOrder(connection, within)).map(|()| (depth, text))
            }
            SpecialLine::Reply(connection, to, capture) => {
                let text = rule_head(&connection, &to, &capture, RuleAnswer::Steps(Vec::new()));
                self.open(place, BlockKind::Reply(connection, to, capture)).map(|()| (depth, text))
            }
            SpecialLine::When(connection, to, capture) => {
                let text = rule_head(&connection, &to, &capture, RuleAnswer::Play(Vec::new()));
                self.open(place, BlockKind::When(connection, to, capture)).map(|()| (depth, text))
            }
            SpecialLine::Branch => match self.blocks.last_mut() {
                Some(Block { kind: BlockKind::Parallel(branches), .. }) => {
                    branches.push(std::mem::take(&mut self.steps));
                    Ok((depth - 1, "} {".to_owned()))
                }
                _ => Err(Flaw::new(place, "there is no `parallel` block to continue here")),
            },
            SpecialLine::End => match self.blocks.pop() {
                Some(block) => {
                    self.close(block);
                    Ok((depth - 1, "}".to_owned()))
                }
                None => Err(Flaw::new(place, "there is no block to close here")),
            },
        }
    }

    fn options(&mut self, place: Position) -> Result<(), Flaw> {
        self.before_steps(place, "options")
            .map_err(|flaw| flaw.hint("write the options of a single connection below its `connect`"))?;
        if std::mem::replace(&mut self.has_options, true) {
            return Err(Flaw::new(place, "`options` are given twice"));
        }
        Ok(())
    }

    fn before_steps(&self, place: Position, what: &str) -> Result<(), Flaw> {
        if self.steps.is_empty() && self.blocks.is_empty() {
            return Ok(());
        }
        Err(Flaw::new(place, format!("`{what}` must be before the first step")))
    }

    fn open(&mut self, place: Position, kind: BlockKind) -> Result<(), Flaw> {
        if self.blocks.len() == DEEPEST {
            self.gave_up = true;
            return Err(Flaw::new(place, format!("blocks can be nested at most {DEEPEST} levels deep")));
        }
        self.blocks.push(Block { place, kind, around: std::mem::take(&mut self.steps) });
        Ok(())
    }

    fn close(&mut self, block: Block) {
        let steps = std::mem::replace(&mut self.steps, block.around);
        let (connection, action) = match block.kind {
            BlockKind::Repeat(times) => (None, Action::Repeat { times, steps }),
            BlockKind::Loop => (None, Action::Loop(steps)),
            BlockKind::Parallel(mut branches) => {
                branches.push(steps);
                (None, Action::Parallel(branches))
            }
            BlockKind::AnyOrder(connection, within) => {
                if steps.is_empty() {
                    self.lacks(Flaw::new(block.place, "this block has no expectation"));
                }
                (connection, Action::AnyOrder { within, steps })
            }
            BlockKind::Reply(connection, to, capture) => {
                self.needs_answer(block.place, &steps);
                (connection, Action::Reply { to, capture, with: RuleAnswer::Steps(steps) })
            }
            BlockKind::When(connection, to, capture) => {
                self.needs_answer(block.place, &steps);
                (connection, Action::Reply { to, capture, with: RuleAnswer::Play(steps) })
            }
        };
        self.steps.push(Step { place: block.place, connection, action });
    }

    fn needs_answer(&mut self, place: Position, steps: &[Step]) {
        if steps.is_empty() {
            self.lacks(Flaw::new(place, "this block has no answer").hint("to ignore a message, write `ignore …`"));
        }
    }

    /// Nothing is in a block; unless something was that is wrong.
    fn lacks(&mut self, flaw: Flaw) {
        if self.reading.flaws.iter().all(|other| other.place < flaw.place) {
            self.reading.flaws.push(flaw);
        }
    }

    fn end(mut self) -> Reading {
        while let Some(block) = self.blocks.pop() {
            if !self.gave_up {
                let name = match block.kind {
                    BlockKind::Repeat(_) => "repeat",
                    BlockKind::Parallel(_) => "parallel",
                    BlockKind::AnyOrder(..) => "expect any order",
                    BlockKind::Reply(..) => "reply to",
                    BlockKind::When(..) => "when",
                    BlockKind::Loop => "loop",
                };
                let flaw = Flaw::new(block.place, format!("this `{name}` is not closed"));
                self.reading.flaws.push(flaw.hint("end it with `}` on a separate line"));
            }
            self.close(block);
        }
        self.reading.script.steps = self.steps;
        self.reading.flaws.sort_by_key(|flaw| flaw.place);
        self.reading
    }
}

/// The line that begins the block of a rule.
fn rule_head(connection: &Option<String>, to: &Pattern, capture: &Option<String>, with: RuleAnswer) -> String {
    let action = Action::Reply { to: to.clone(), capture: capture.clone(), with };
    format::head(&Step { place: Position::default(), connection: connection.clone(), action })
}
