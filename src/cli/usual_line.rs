//! The usual command line, a URL and some options, read without the definitions of all others: to make those took clap longer
//! than all else that a start does.
//!
//! What clap reads with some options defined, it reads alike with all of them: names are not abbreviated, so that every word
//! was one of these, a value or the URL. What it does not read so, be it a mistake or a page of help, is for the whole definition.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::env::Env;
use super::modes::GivenOptions;
use super::options::{NamedHeadings, Options};
use super::profile;
use super::usage_error::{DoubtfulLine, is_bare};

/// A URL, options, and which of these were given.
pub(super) struct UsualLine {
    pub(super) url: String,
    pub(super) options: Options,
    pub(super) given: GivenOptions,
}

impl UsualLine {
    /// None if it has to be read with the whole definition, of `all` commands.
    pub(super) fn of(args: &[OsString], env: &Env, all: fn() -> Command) -> Option<Self> {
        let first = args.get(1).and_then(|word| word.to_str());
        let is_command = first.is_some_and(|word| is_bare(word) && !word.starts_with('-'));
        // Profiles may add any option.
        if is_command || profile::has_default_file(env) {
            return None;
        }
        let named = NamedHeadings::of(args);
        let command = Command::new("wsprobe").disable_help_flag(true).arg(Arg::new("url").required(true));
        let mut definition = named.define(command);
        let mut matches = definition.try_get_matches_from_mut(args).ok()?;
        let given = GivenOptions::of(&definition, &matches);
        DoubtfulLine { args, definition: &definition, all }.check(given.names(), &matches).ok()?;
        std::mem::forget(definition);
        let url = matches.remove_one::<String>("url")?;
        let is_other = is_bare(&url) || url.starts_with('@');
        let options = Options::of_headings(named, &mut matches).ok()?;
        (!is_other).then_some(Self { url, options, given })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory as _, FromArgMatches as _};
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;
    use crate::cli::modes::sample;
    use crate::cli::{Cli, command};

    /// Other ways to say what the whole line is about.
    const RARE: [&str; 6] = ["connect", "listen", "config", "no-config", "help", "version"];

    fn args(words: &[&str]) -> Vec<OsString> {
        std::iter::once("wsprobe").chain(words.iter().copied()).map(OsString::from).collect()
    }

    fn usual(words: &[&str]) -> Option<String> {
        let UsualLine { url, options, given } = UsualLine::of(&args(words), &Env::default(), command)?;
        Some(format!("{url} {options:?} {:?}", given.names()))
    }

    /// The same, from the whole definition.
    fn whole(words: &[&str]) -> Option<String> {
        let mut definition = Cli::command();
        let mut matches = definition.try_get_matches_from_mut(args(words)).ok()?;
        let given = GivenOptions::of(&definition, &matches);
        let Cli { url, options, .. } = Cli::from_arg_matches_mut(&mut matches).unwrap();
        Some(format!("{} {options:?} {:?}", url?, given.names()))
    }

    fn options() -> Vec<String> {
        let definition = Cli::command();
        let longs = definition.get_arguments().filter_map(Arg::get_long).filter(|long| !RARE.contains(long));
        longs.map(str::to_owned).collect()
    }

    #[test]
    fn each_option_alone_is_read_and_means_the_same() {
        assert_eq!(usual(&["ws://h"]), whole(&["ws://h"]));
        for option in options() {
            let words = [sample(&option), vec!["ws://h"]].concat();
            let usual = usual(&words);
            assert!(usual.is_some(), "{words:?}");
            assert_eq!(usual, whole(&words), "{words:?}");
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_the_whole_definition() {
        for words in [
            &["ping", "ws://h"][..],
            &["pnig"],
            &["-q", "ping"],
            &["@profile"],
            &["--help"],
            &["-h"],
            &["-V"],
            &["-c", "ws://h"],
            &["--no-config", "ws://h"],
            &["--exec", "a", "-i", "ws://h"],
            &["ws://h", "ws://i"],
            &["--unknown", "ws://h"],
            &["--execute"],
            &["-t", "utc", "ws://h"],
            &["--stream", "--json", "ws://h"],
            &[],
        ] {
            assert_eq!(usual(words), None, "{words:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn options_together_mean_the_same(
            chosen in prop::collection::vec(any::<Index>(), 0..4),
            url in select(vec!["ws://h", ":1", "-x", "ping", "-q1"]),
        ) {
            let all = options();
            let chosen: BTreeSet<_> = chosen.iter().map(|at| at.get(&all)).collect();
            let words: Vec<_> = chosen.into_iter().flat_map(|option| sample(option)).chain([url]).collect();
            if let Some(usual) = usual(&words) {
                prop_assert_eq!(Some(usual), whole(&words), "{:?}", words);
            }
        }
    }
}
