//! Options that a command shares with others and has no use for: it refuses them, and its help leaves them out.

use clap::Arg;

/// Each group with the reason.
pub(super) type UnusedOptions = [(&'static [&'static str], &'static str); 4];

/// Hides an option that is one of them: whoever gives it is still told why it is refused.
pub(super) fn unlisted(argument: Arg, unused: &[(&[&str], &str)]) -> Arg {
    let is_unused = unused.iter().any(|(names, _)| argument.get_long().is_some_and(|long| names.contains(&long)));
    if is_unused { argument.hide(true) } else { argument }
}
