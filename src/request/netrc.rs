//! User and password for a host from a `.netrc` (ftp(1); curl's additions).

/// What is there for a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NetrcLogin {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Finds the first entry for the host, of that user if one is given, or else the one for `default`.
pub(crate) fn find(netrc: &str, host: &str, user: Option<&str>) -> Option<NetrcLogin> {
    let mut words = words(netrc).into_iter();
    let mut found = None;
    let mut is_meant = false;
    let mut login = NetrcLogin::default();
    let mut finished = |login: &mut NetrcLogin, is_meant: bool| {
        let login = std::mem::take(login);
        let is_users = user.is_none_or(|user| login.user == user || login.user.is_empty());
        if is_meant && is_users && found.is_none() {
            found = Some(NetrcLogin { user: user.map_or(login.user, str::to_owned), password: login.password });
        }
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => {
                finished(&mut login, is_meant);
                is_meant = words.next().is_some_and(|name| name.eq_ignore_ascii_case(host));
            }
            "default" => {
                finished(&mut login, is_meant);
                is_meant = true;
            }
            "login" => login.user = words.next().unwrap_or_default(),
            "password" => login.password = words.next().unwrap_or_default(),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    finished(&mut login, is_meant);
    found
}

/// Words, also quoted, without comments and without macros, which end with an empty line.
fn words(netrc: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut is_macro = false;
    for line in netrc.lines() {
        if is_macro {
            is_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => {
                    let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                    (word.to_owned(), after)
                }
            };
            if word == "macdef" {
                is_macro = true;
                break;
            }
            words.push(word);
            rest = after.trim_start();
        }
    }
    words
}

/// Up to the closing quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (word, &text[at + 1..]),
            '\\' => word.extend(chars.next().map(|(_, escaped)| match escaped {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            })),
            c => word.push(c),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETRC: &str = "# mine\nmachine a.example login me password pw#1\n\
        machine b.example\n  login \"you two\"\n  password \"p\\\"w\"  # quoted\n\
        macdef init\n machine c.example login evil password evil\n\n\
        machine a.example login other account x password 2\n\
        default login anonymous password guest\n";

    #[test]
    fn the_first_entry_of_the_host_counts_or_else_the_default() {
        for (host, user, expected) in [
            ("a.example", None, ("me", "pw#1")),
            ("A.Example", None, ("me", "pw#1")),
            ("a.example", Some("other"), ("other", "2")),
            ("b.example", None, ("you two", "p\"w")),
            ("c.example", None, ("anonymous", "guest")),
        ] {
            let login = find(NETRC, host, user).unwrap();
            assert_eq!((login.user.as_str(), login.password.as_str()), expected, "{host}");
        }
        assert_eq!(find(NETRC, "a.example", Some("nobody")), None);
        assert_eq!(find("machine a.example login me", "b.example", None), None);
        assert_eq!(find("", "a.example", None), None);
        assert_eq!(find("machine", "", None), None);
    }
}
