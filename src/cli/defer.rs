//! What makes the start shorter.

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};

/// Defined separately, to make every start faster: the options of a command only if it is the one given, and the
/// commands in a frame of the stack that is not there while the options are defined.
#[derive(Debug)]
pub(crate) struct Apart<T>(pub(crate) T);

impl<T: Args> Args for Apart<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(|command| {
            // Otherwise, the doc comments of flattened structs would replace them.
            let about = command.get_about().cloned().unwrap_or_default();
            let long_about = command.get_long_about().cloned().unwrap_or_default();
            T::augment_args(command).about(about).long_about(long_about)
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl<T: Subcommand> Subcommand for Apart<T> {
    #[inline(never)]
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        T::augment_subcommands(command)
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        T::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

impl<T: FromArgMatches> FromArgMatches for Apart<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
