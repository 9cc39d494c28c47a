//! Variables on their way into a command: as its environment, never as a part of what a shell reads.

use std::collections::BTreeMap;

use super::Variables;

/// What the kernel takes of one variable, with its name (`MAX_ARG_STRLEN`, execve(2)).
const LONGEST: usize = 128 << 10;

/// What is given in all; the kernel takes no more than a quarter of the stack's limit, arguments included.
const LARGEST: usize = 1 << 20;

/// Names that shells obey: what a peer has said is not to become one of them.
const OBEYED: [&str; 10] =
    ["PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "CDPATH", "GLOBIGNORE", "PROMPT_COMMAND"];

/// And those of loaders.
const PREFIXES: [&str; 2] = ["LD_", "DYLD_"];

/// What a variable is called there: dots and dashes become `_`.
pub(crate) fn name_of(variable: &str) -> String {
    variable.replace(['.', '-'], "_")
}

impl Variables {
    /// What a command finds in its environment.
    ///
    /// # Errors
    /// A message for the user: one that the command names cannot be given. Of others nobody misses it.
    pub(crate) fn environment(&self, command: &str) -> Result<BTreeMap<String, &str>, String> {
        let mut environment = BTreeMap::new();
        let mut size = 0;
        // Those that keep their names come last, and win.
        let (kept, changed): (Vec<_>, Vec<_>) = self.values.iter().partition(|(name, _)| name_of(name) == **name);
        for (variable, value) in changed.into_iter().chain(kept) {
            let name = name_of(variable);
            if is_obeyed(&name) {
                continue;
            }
            let length = name.len() + value.len() + 2;
            let why = if value.contains('\0') {
                "it holds a NUL"
            } else if length > LONGEST || size + length > LARGEST {
                "it is too large"
            } else {
                size += length;
                environment.insert(name, value.as_str());
                continue;
            };
            if names(command, &name) {
                return Err(format!("the variable `{variable}` cannot be in the environment of a command: {why}"));
            }
        }
        Ok(environment)
    }
}

fn is_obeyed(name: &str) -> bool {
    OBEYED.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a command has `$name` or `${name…` in it.
fn names(command: &str, name: &str) -> bool {
    let mut dollars = command.match_indices('$').map(|(at, _)| &command[at + 1..]);
    dollars.any(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        rest.strip_prefix(name).is_some_and(|rest| !goes_on(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::new(|_| None);
        given.iter().for_each(|(name, value)| variables.set(*name, *value));
        variables
    }

    #[test]
    fn names_are_those_that_a_shell_can_say_and_obeys_not() {
        let variables = variables(&[("a.b", "1"), ("c-d", "2"), ("c_d", "3"), ("PATH", "/evil"), ("LD_PRELOAD", "x")]);
        let environment = variables.environment("").unwrap();
        assert_eq!(environment.into_iter().collect::<Vec<_>>(), [("a_b".to_owned(), "1"), ("c_d".to_owned(), "3")]);
    }

    #[test]
    fn what_cannot_be_given_is_told_when_the_command_names_it() {
        let (large, nul) = ("x".repeat(LONGEST), "a\0b");
        let variables = variables(&[("large", &large), ("nul", nul), ("nul_too", "x")]);
        assert_eq!(variables.environment("echo $nul_too ${other} $").unwrap().len(), 1);
        for command in ["echo $nul", "echo \"${nul:-x}\"", "$nul"] {
            let why = variables.environment(command).unwrap_err();
            assert_eq!(why, "the variable `nul` cannot be in the environment of a command: it holds a NUL");
        }
        assert!(variables.environment("$large").unwrap_err().ends_with("it is too large"));
    }
}
