//! What the fuzzer calls: any file is read, printed, formatted and read again.

use super::check::{DefaultConnection, KnownNames};
use super::variables::Variables;
use super::{parse, parse_and_check};

/// Takes any text as a script: what is printed of it is read as the same, and formatting it again changes nothing.
pub fn script(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    let variables = Variables::new(|_| None);
    let _ =
        parse_and_check(source, KnownNames { options: &[], variables: Some(&variables), given: DefaultConnection::No });
    let Ok(script) = parse(source) else {
        assert!(crate::script::canonical::format(source).is_err());
        return;
    };
    let printed = script.to_string();
    let again = parse(&printed).unwrap_or_else(|flaws| panic!("{flaws:?} in\n{printed}"));
    assert_eq!(again.to_string(), printed);
    let formatted = crate::script::canonical::format(source).expect("it was parsed");
    let again = parse(&formatted).unwrap_or_else(|flaws| panic!("{flaws:?} in\n{formatted}"));
    assert_eq!(again.to_string(), printed);
    assert_eq!(crate::script::canonical::format(&formatted), Ok(formatted));
}
