//! Translates a curl command line, as browsers' developer tools copy it, to one of wsprobe.
//!
//! Plain code from arguments to arguments; clap parses the result like any other command line.

mod data;
mod foreign;

use std::ffi::OsString;

use self::data::{CurlData, CurlDataKind};
use self::foreign::Foreign;
use super::secret::as_data;
use crate::error::Error;
use crate::target::Parsed;

/// The arguments, and the names of the options that were dropped.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) args: Vec<OsString>,
    pub(super) dropped: Vec<String>,
    /// Those among them that say what would have happened, not only how.
    pub(super) missed: Vec<String>,
    data: CurlData,
    /// Whether the data belongs to the URL.
    is_get: bool,
    /// Where the URL stands.
    url: Option<usize>,
}

/// How an option of curl is translated.
#[derive(Clone, Copy)]
enum Meaning {
    /// A flag under this name.
    Flag(&'static str),
    /// An option with a value under this name.
    Value(&'static str),
    /// The same for an option that accepts `@FILE` here, while its value is plain data in curl.
    Data(&'static str),
    /// The value is appended to this, to form the value of the option before it.
    Prefixed(&'static str, &'static str),
    Header,
    Cookie,
    Url,
    /// What a message or the query is made of.
    Body(CurlDataKind),
    Get,
    Method,
    DroppedFlag,
    DroppedValue,
}

use CurlDataKind::{Encoded, Json, Plain, Raw, Upload};
use Meaning::{Body, Cookie, Data, DroppedFlag, DroppedValue, Flag, Get, Header, Method, Prefixed, Url, Value};

/// Letter (or a blank), name, meaning. All other long names are wsprobe's own.
const OPTIONS: [(char, &str, Meaning); 59] = [
    ('H', "header", Header),
    ('b', "cookie", Cookie),
    (' ', "url", Url),
    ('A', "user-agent", Value("user-agent")),
    ('e', "referer", Prefixed("header", "Referer: ")),
    ('u', "user", Data("user")),
    (' ', "basic", Flag("basic")),
    (' ', "digest", Flag("digest")),
    (' ', "ntlm", Flag("ntlm")),
    (' ', "anyauth", Flag("anyauth")),
    (' ', "aws-sigv4", Value("aws-sigv4")),
    (' ', "oauth2-bearer", Data("bearer")),
    ('n', "netrc", Flag("netrc")),
    (' ', "netrc-file", Value("netrc-file")),
    (' ', "netrc-optional", Flag("netrc")),
    ('L', "location", Flag("location")),
    (' ', "max-redirs", Value("max-redirects")),
    ('k', "insecure", Flag("insecure")),
    (' ', "cacert", Value("cacert")),
    ('E', "cert", Value("cert")),
    (' ', "key", Value("key")),
    (' ', "pass", Data("passphrase")),
    (' ', "pinnedpubkey", Value("pin")),
    (' ', "tlsv1.2", Prefixed("tls-min", "1.2")),
    (' ', "tlsv1.3", Prefixed("tls-min", "1.3")),
    ('x', "proxy", Data("proxy")),
    (' ', "proxy-basic", Flag("proxy-basic")),
    (' ', "proxy-digest", Flag("proxy-digest")),
    (' ', "proxy-ntlm", Flag("proxy-ntlm")),
    (' ', "proxy-anyauth", Flag("proxy-anyauth")),
    (' ', "socks5", Prefixed("proxy", "socks5://")),
    (' ', "socks5-hostname", Prefixed("proxy", "socks5h://")),
    (' ', "noproxy", Value("no-proxy")),
    ('4', "ipv4", Flag("ipv4")),
    ('6', "ipv6", Flag("ipv6")),
    (' ', "connect-timeout", Value("connect-timeout")),
    ('m', "max-time", Value("timeout")),
    ('v', "verbose", Flag("verbose")),
    ('i', "include", DroppedFlag),
    ('s', "silent", DroppedFlag),
    ('S', "show-error", DroppedFlag),
    ('f', "fail", DroppedFlag),
    ('g', "globoff", DroppedFlag),
    ('N', "no-buffer", DroppedFlag),
    ('G', "get", Get),
    ('0', "http1.0", DroppedFlag),
    (' ', "http1.1", Flag("http1.1")),
    (' ', "http2", Flag("http2")),
    (' ', "http2-prior-knowledge", Flag("http2-prior-knowledge")),
    (' ', "compressed", DroppedFlag),
    ('X', "request", Method),
    ('o', "output", DroppedValue),
    ('d', "data", Body(Plain)),
    (' ', "data-raw", Body(Raw)),
    (' ', "data-ascii", Body(Plain)),
    (' ', "data-binary", Body(Plain)),
    (' ', "data-urlencode", Body(Encoded)),
    ('c', "cookie-jar", DroppedValue),
    ('T', "upload-file", Body(Upload)),
];

/// Fields that the handshake makes itself, belong to the connection, or ask for a body that could not be read.
const OURS: [&str; 12] = [
    "host",
    "connection",
    "upgrade",
    "content-length",
    "content-type",
    "transfer-encoding",
    "te",
    "keep-alive",
    "proxy-connection",
    "http2-settings",
    "upgrade-insecure-requests",
    "accept-encoding",
];

/// These of curl's letters could be dropped, but may have been meant as wsprobe's own.
const OUR_LETTERS: [char; 4] = ['1', 'P', 'r', 'w'];

/// Flags that name what to keep the output in.
const KEEPS: [&str; 3] = ["-O", "--remote-name", "--remote-name-all"];

/// Translates the arguments after `wsprobe curl` to those of a command line without it.
///
/// `takes_value` knows wsprobe's own long options, which may be mixed with curl's.
pub(super) fn translate(words: &[String], takes_value: impl Fn(&str) -> bool) -> Result<Translated, Error> {
    let mut translated = Translated { args: vec!["wsprobe".into()], ..Translated::default() };
    // The line may have been pasted whole.
    let mut words = words.iter().skip(usize::from(words.first().is_some_and(|word| word == "curl")));
    while let Some(word) = words.next() {
        let is_data = words.clone().next().is_some_and(|word| is_json(word));
        let mut next =
            |name: &str| words.next().cloned().ok_or_else(|| Error::Usage(format!("`{name}` needs a value")));
        if let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) {
            // wsprobe's own option of this name has no value.
            let meaning = if name == "json" && is_data { Some(Body(Json)) } else { meaning_of(name)? };
            let Some(meaning) = meaning else {
                translated.args.push(word.into());
                if takes_value(name) {
                    translated.args.push(next(word)?.into());
                }
                continue;
            };
            let value = if meaning.takes_value() { next(word)? } else { String::new() };
            translated.put(word, meaning, value)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (at, letter) in letters.char_indices() {
                let meaning = meaning_of_letter(letter)?;
                let name = format!("-{letter}");
                if !meaning.takes_value() {
                    translated.put(&name, meaning, String::new())?;
                    continue;
                }
                let rest = &letters[at + letter.len_utf8()..];
                let value = if rest.is_empty() { next(&name)? } else { rest.to_owned() };
                translated.put(&name, meaning, value)?;
                break;
            }
        } else {
            translated.put(word, Url, word.clone())?;
        }
    }
    translated.with_data()
}

/// Whether a word is what curl's `--json` sends, rather than a URL.
fn is_json(word: &str) -> bool {
    word.starts_with(['{', '"', '@']) || word.starts_with('[') && Parsed::from_text(word).is_err()
}

/// What a long option of curl means; none for what may be wsprobe's own.
///
/// # Errors
/// It has no counterpart here.
fn meaning_of(name: &str) -> Result<Option<Meaning>, Error> {
    if let Some((_, _, meaning)) = OPTIONS.iter().find(|(_, long, _)| *long == name) {
        return Ok(Some(*meaning));
    }
    match foreign::foreign(name) {
        Some(Foreign::Dropped { takes_value: true }) => Ok(Some(DroppedValue)),
        Some(Foreign::Dropped { takes_value: false }) => Ok(Some(DroppedFlag)),
        Some(Foreign::Refused(why)) => Err(Error::Usage(why)),
        None => Ok(None),
    }
}

fn meaning_of_letter(letter: char) -> Result<Meaning, Error> {
    if let Some((_, _, meaning)) = OPTIONS.iter().find(|(short, ..)| *short == letter && letter != ' ') {
        return Ok(*meaning);
    }
    let spelled_out = "after `curl`, use the long names of wsprobe's own options, as in `--execute MSG`";
    let Some(name) = foreign::long_name(letter) else {
        return Err(Error::Usage(format!("wsprobe does not know curl's option `-{letter}`; {spelled_out}")));
    };
    match meaning_of(name)? {
        Some(meaning) if !OUR_LETTERS.contains(&letter) => Ok(meaning),
        _ => Err(Error::Usage(format!(
            "`-{letter}` is curl's `--{name}`, which has no counterpart in wsprobe; {spelled_out}"
        ))),
    }
}

impl Meaning {
    fn takes_value(self) -> bool {
        !matches!(self, Flag(_) | DroppedFlag | Get | Prefixed("tls-min", _))
    }
}

impl Translated {
    /// # Errors
    /// Data that cannot be sent.
    fn put(&mut self, name: &str, meaning: Meaning, value: String) -> Result<(), Error> {
        match meaning {
            Flag(name) => self.args.push(format!("--{name}").into()),
            Value(name) => self.args.push(format!("--{name}={value}").into()),
            Data(name) => self.args.push(format!("--{name}={}", as_data(&value)).into()),
            Prefixed(name, prefix) => self.args.push(format!("--{name}={prefix}{value}").into()),
            Header => self.header(&value),
            // For curl, a value without `=` is a file, and an empty name is ignored.
            Cookie if value.is_empty() => self.dropped.push(name.to_owned()),
            Cookie if value.contains('=') => self.args.push(format!("--cookie={}", as_data(&value)).into()),
            Cookie => self.args.push(format!("--cookie=@{value}").into()),
            Url => {
                self.url.get_or_insert(self.args.len());
                self.args.push(value.into());
            }
            Body(kind) => self.data.add(name, kind, value)?,
            Get => self.is_get = true,
            // A handshake is one.
            Method if value == "GET" => self.dropped.push(name.to_owned()),
            Method => self.miss(format!("{name} {value}")),
            DroppedFlag if !KEEPS.contains(&name) => self.dropped.push(name.to_owned()),
            DroppedFlag | DroppedValue => self.miss(name.to_owned()),
        }
        Ok(())
    }

    fn miss(&mut self, option: String) {
        self.dropped.push(option.clone());
        self.missed.push(option);
    }

    /// Puts the data where it belongs.
    fn with_data(mut self) -> Result<Self, Error> {
        let data = std::mem::take(&mut self.data);
        match self.url.filter(|_| self.is_get) {
            Some(at) => data.add_to(&mut self.args[at])?,
            None => data.send(&mut self.args),
        }
        Ok(self)
    }

    fn header(&mut self, text: &str) {
        // `Name;` is curl's way to write an empty value. Nothing depends on those.
        let name = text.split([':', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
        if name == "sec-websocket-protocol" {
            let names = text.split_once(':').map_or("", |(_, names)| names).split(',').map(str::trim);
            self.args.extend(
                names.filter(|name| !name.is_empty()).map(|name| format!("--subprotocol={}", as_data(name)).into()),
            );
        } else if OURS.contains(&name.as_str())
            || name.starts_with("sec-websocket-")
            || !text.starts_with('@') && !text.contains(':')
        {
            self.dropped.push(text.trim().split([':', ';', ' ']).next().unwrap_or_default().to_owned());
        } else {
            self.args.push(format!("--header={text}").into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(words: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let Translated { args, dropped, .. } =
            translate(&words, |name| name == "execute").map_err(|error| error.to_string())?;
        Ok((args.into_iter().skip(1).map(|arg| arg.into_string().unwrap()).collect(), dropped))
    }

    #[test]
    fn what_the_handshake_makes_itself_is_dropped_and_named() {
        let (args, dropped) = translated(&[
            "wss://a.example/chat",
            "-H",
            "Upgrade: websocket",
            "-H",
            "Origin: https://a.example",
            "-HSec-WebSocket-Key: abc==",
            "-H",
            "sec-websocket-protocol: v2.chat, chat",
            "-H",
            "X-Empty;",
            "--compressed",
            "-XGET",
        ])
        .unwrap();
        assert_eq!(
            args,
            [
                "wss://a.example/chat",
                "--header=Origin: https://a.example",
                "--subprotocol=v2.chat",
                "--subprotocol=chat"
            ]
        );
        assert_eq!(dropped, ["Upgrade", "Sec-WebSocket-Key", "X-Empty", "--compressed", "-X"]);
    }

    #[test]
    fn data_becomes_the_first_message_or_the_query() {
        for (words, args) in [
            (
                &["a", "-d", "x", "--data-raw", "@y", "--execute", "z"][..],
                &["--execute=x&@y", "a", "--execute", "z"][..],
            ),
            (&["a", "--data-raw", "@y"], &["--execute=@@y", "a"]),
            (&["a", "-d@y"], &["--execute=@y", "a"]),
            (&["a", "--data-binary", "@-"], &["--execute=@-", "a"]),
            (&["a", "-T", "y"], &["--execute=@y", "a"]),
            (&["a", "-T", "."], &["a"]),
            (&["a", "-d", ""], &["a"]),
            (&["--json", "{\"a\":1}", "a"], &["--execute={\"a\":1}", "a"]),
            (&["--json", "[1]", "a"], &["--execute=[1]", "a"]),
            (&["--json", "@y", "a"], &["--execute=@y", "a"]),
            (&["--json", "[::1]:80"], &["--json", "[::1]:80"]),
            (&["a", "--json"], &["a", "--json"]),
            (&["-G", "a/b", "-d", "x=1", "--data-urlencode", "y= &"], &["a/b?x=1&y=+%26"]),
            (&["a?b", "--get", "-d", "x=1"], &["a?b&x=1"]),
        ] {
            assert_eq!(translated(words).unwrap().0, args, "{words:?}");
        }
        for (words, said) in [
            (&["a", "-G", "-d", "@y"][..], "curl's `--get` adds the data to the URL: wsprobe reads no part of a URL"),
            (&["a", "-d", "x", "--json", "@y"], "curl's `--json` cannot add to the data before it; a file is"),
            (&["a", "--data-urlencode", "y@z"], "curl's `--data-urlencode` with a file has no counterpart in wsprobe"),
            (&["a", "-F", "x=y"], "curl's `--form` has no counterpart in wsprobe: a WebSocket has no forms"),
            (&["a", "--form-string", "x=y"], "curl's `--form-string` has no counterpart"),
        ] {
            assert!(translated(words).unwrap_err().starts_with(said), "{words:?}");
        }
    }

    #[test]
    fn options_of_curl_become_ours() {
        for (words, args) in [
            (&["curl", "a"][..], &["a"][..]),
            (&["--url", "a"], &["a"]),
            (&["-b", "a=1; b=2", "-b", "jar.txt"], &["--cookie=a=1; b=2", "--cookie=@jar.txt"]),
            (&["-u", "me:x", "--digest", "--proxy-anyauth"], &["--user=me:x", "--digest", "--proxy-anyauth"]),
            (&["-u", "id:x", "--aws-sigv4", "aws:amz"], &["--user=id:x", "--aws-sigv4=aws:amz"]),
            (&["-kLv", "-n"], &["--insecure", "--location", "--verbose", "--netrc"]),
            (&["-kx", "proxy:1", "-m5"], &["--insecure", "--proxy=proxy:1", "--timeout=5"]),
            (&["-e", "http://r", "--socks5-hostname", "h:1"], &["--header=Referer: http://r", "--proxy=socks5h://h:1"]),
            (&["--tlsv1.3", "-E", "me.p12", "--pass", "x"], &["--tls-min=1.3", "--cert=me.p12", "--passphrase=x"]),
            (&["-H", "@file", "-H", "User-Agent:"], &["--header=@file", "--header=User-Agent:"]),
            (&["--execute", "-x", "--one"], &["--execute", "-x", "--one"]),
        ] {
            assert_eq!(translated(words).unwrap().0, args, "{words:?}");
        }
        for (words, args) in [
            (&["-u", "@me:x"][..], &["--user=\0@me:x"][..]),
            (&["-uask:"], &["--user=\0ask:"]),
            (&["--oauth2-bearer", "@token"], &["--bearer=\0@token"]),
            (&["--oauth2-bearer", "env:HOME"], &["--bearer=\0env:HOME"]),
            (&["--pass", "@x"], &["--passphrase=\0@x"]),
            (&["-x", "@x"], &["--proxy=\0@x"]),
            (&["-b", "@a=1"], &["--cookie=\0@a=1"]),
            (&["-b", "env:A=1"], &["--cookie=\0env:A=1"]),
            (&["-b", ""], &[]),
            (&["-H", "Sec-WebSocket-Protocol: @x"], &["--subprotocol=\0@x"]),
            (&["-A", "@x", "-e", "@x"], &["--user-agent=@x", "--header=Referer: @x"]),
        ] {
            assert_eq!(translated(words).unwrap().0, args, "data stays data: {words:?}");
        }
        assert_eq!(translated(&["-H"]).unwrap_err(), "`-H` needs a value");
        assert!(translated(&["-1"]).unwrap_err().contains("the long names"));
    }

    #[test]
    fn options_without_a_counterpart_are_dropped_or_named_as_curls() {
        let (args, dropped) =
            translated(&["-#OD", "head.txt", "--no-keepalive", "--limit-rate", "1k", "--append", "a"]).unwrap();
        assert_eq!(args, ["a"]);
        assert_eq!(dropped, ["-#", "-O", "-D", "--no-keepalive", "--limit-rate", "--append"]);
        for (word, said) in [
            ("--negotiate", "curl's `--negotiate` has no counterpart in wsprobe: wsprobe supports Digest"),
            ("-I", "curl's `--head` has no counterpart in wsprobe; leave it out"),
            ("-U", "curl's `--proxy-user` has no counterpart"),
            (
                "-w",
                "`-w` is curl's `--write-out`, which has no counterpart in wsprobe; after `curl`, use the long names",
            ),
            ("-W", "wsprobe does not know curl's option `-W`"),
        ] {
            assert!(translated(&[word, "x"]).unwrap_err().starts_with(said), "{word}");
        }
    }
}
