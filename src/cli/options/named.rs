//! Which headings a command line names options of.

use std::ffi::OsString;

use clap::{Args as _, Command};
use memchr::memmem;

use super::ending::EndingArgs;
use super::messages::MessageArgs;
use super::output::OutputArgs;
use super::protocol::ProtocolArgs;
use super::request::RequestArgs;
use super::route::RouteArgs;
use super::timing::TimingArgs;
use super::tls::TlsArgs;

/// In the order of the help. Called through pointers, or some of them would be put into their caller, whose frame would then
/// take ten pages of the stack more: each costs time at every start.
const HEADINGS: [fn(Command) -> Command; 8] = [
    MessageArgs::augment_args,
    OutputArgs::augment_args,
    EndingArgs::augment_args,
    RequestArgs::augment_args,
    TlsArgs::augment_args,
    RouteArgs::augment_args,
    TimingArgs::augment_args,
    ProtocolArgs::augment_args,
];

/// The names of all options, one a line, and an empty line between two headings. It is generated from their definitions.
///
/// If one were missing, lines with it would still be read, but later.
const NAMES: &str = include_str!("names.txt");

/// For each of `HEADINGS`, whether its options are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedHeadings(pub(super) [bool; HEADINGS.len()]);

impl NamedHeadings {
    pub(super) const ALL: Self = Self([true; HEADINGS.len()]);

    /// Those that the words of a command line may name: values among them that look like options do no harm.
    pub(crate) fn of(args: &[OsString]) -> Self {
        let mut named = [false; HEADINGS.len()];
        for word in args.iter().skip(1).filter_map(|word| word.to_str()) {
            let found = match word.strip_prefix('-') {
                Some(long) if long.starts_with('-') => heading(word.split('=').next().unwrap_or_default()),
                Some(letters) => {
                    letters.chars().map_while(|letter| heading(&format!("-{letter}"))).for_each(|at| named[at] = true);
                    None
                }
                None => None,
            };
            found.into_iter().for_each(|at| named[at] = true);
        }
        // `--stream` conflicts with options under Output, which clap then has to know.
        named[1] |= named[0];
        Self(named)
    }

    /// Defines their options.
    pub(crate) fn define(self, command: Command) -> Command {
        let named = HEADINGS.iter().zip(self.0).filter(|(_, is_named)| *is_named);
        named.fold(command, |command, (heading, _)| heading(command))
    }
}

/// The heading of an option, `-x` or `--execute`, by its place in `HEADINGS`.
fn heading(name: &str) -> Option<usize> {
    let at = memmem::find(NAMES.as_bytes(), format!("\n{name}\n").as_bytes())?;
    Some(memmem::find_iter(&NAMES.as_bytes()[..=at], "\n\n").count())
}

/// What `NAMES` has to be.
pub fn option_names() -> String {
    let of_heading = |heading: &fn(Command) -> Command| {
        let command = heading(Command::new("wsprobe"));
        let names = command.get_arguments().flat_map(|argument| {
            let letters = argument.get_short().into_iter().chain(argument.get_all_short_aliases().unwrap_or_default());
            let longs = argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
            let letters = letters.map(|letter| format!("-{letter}\n"));
            letters.chain(longs.map(|long| format!("--{long}\n"))).collect::<Vec<_>>()
        });
        format!("\n{}", names.collect::<String>())
    };
    HEADINGS.iter().map(of_heading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(words: &[&str]) -> Vec<usize> {
        let args: Vec<_> = std::iter::once("wsprobe").chain(words.iter().copied()).map(OsString::from).collect();
        let NamedHeadings(named) = NamedHeadings::of(&args);
        (0..named.len()).filter(|at| named[*at]).collect()
    }

    #[test]
    fn headings_are_found_by_the_names_of_their_options() {
        assert_eq!(named(&[":1"]), [0; 0]);
        assert_eq!(named(&["-x", "a", ":1"]), [0, 1]);
        assert_eq!(named(&["-q1", "--close-code=1001", ":1"]), [1, 2]);
        assert_eq!(named(&["--ca", "file", "-w1", ":1"]), [2, 4]);
        assert_eq!(named(&["--unknown", "-", "--", "-é", ":1"]), [0; 0]);
    }
}
