//! From what was typed to what it means. All that can be refused is refused here, before a socket opens.

use bytes::Bytes;

use super::env::Env;
use super::options::{self, Compress, Options, OutputFormat, Timestamps, When};
use super::secret;
use crate::connect;
use crate::dial::{Family, Route, Trust};
use crate::error::Error;
use crate::event::{Close, Input, Message};
use crate::front::stdin::{Cut, Kind};
use crate::plan::{Plan, Prompt, Source, Voice};
use crate::render::{Format, Look, Stamps};
use crate::request::{Compression, Credentials, Wishes};
use crate::session::{self, Ending, Expectation};
use crate::target::{Parsed, Target};
use crate::term::Verbosity;
use crate::unescape::{unescape_bytes, unescape_text};
use crate::wire::offer::Parameters;
use crate::wire::{Limits, Manner};

pub(super) fn connect(url: &str, options: &Options, env: &Env) -> Result<Box<Plan>, Error> {
    let parsed = Parsed::from_text(url)
        .map_err(|error| Error::Usage(format!("`{}` is no URL: {error}", without_secret(url))))?;
    let credentials = parsed.credentials.map(|(user, password)| Credentials::Basic { user, password });
    plan(parsed.target, credentials, options, env)
}

/// The target is put in when the server is there.
pub(super) fn demo(options: &Options, env: &Env) -> Result<Box<Plan>, Error> {
    let target = Parsed::from_text(":0").expect("a port alone is a URL").target;
    plan(target, None, options, env)
}

fn plan(target: Target, from_url: Option<Credentials>, options: &Options, env: &Env) -> Result<Box<Plan>, Error> {
    let source = source(options, env);
    let is_prompt = matches!(source, Source::Prompt(_));
    Ok(Box::new(Plan {
        connect: connect::Options {
            target,
            wishes: wishes(options, from_url)?,
            route: route(options)?,
            handshake_timeout: options.timing.handshake_timeout,
            max_redirects: options.request.location.then_some(options.request.max_redirects),
            limits: Limits { max_message: options.protocol.max_message },
            manner: manner(options, env, is_prompt),
        },
        first: first(&options.messages)?,
        source,
        session: session(options),
        look: look(options, env, is_prompt),
        record: options.output.record.clone(),
        voice: voice(&options.output, env, is_prompt),
        timeout: options.ending.timeout,
    }))
}

fn manner(options: &Options, env: &Env, is_prompt: bool) -> Manner {
    let looks_into = !options.ending.expect.is_empty() || !options.ending.expect_json.is_empty();
    let passes_on = match options.output.output {
        OutputFormat::Auto => is_prompt || !env.stdout_is_terminal,
        OutputFormat::Raw => true,
        OutputFormat::Text | OutputFormat::Hex | OutputFormat::Base64 => is_prompt,
    };
    let parts = passes_on
        && !wants_whole(options)
        && !looks_into
        && options.ending.until.is_none()
        && !options.messages.echo
        && !options.messages.keep_newline;
    Manner { parts, traced: options.output.frames, fragment: options.protocol.fragment, ..Manner::default() }
}

/// Whether messages become records, which hold whole ones.
fn wants_whole(options: &Options) -> bool {
    options.output.json || options.output.record.is_some()
}

/// A URL that cannot be parsed may still hold a password.
fn without_secret(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        (None, Some(at)) => format!("***{}", &url[at..]),
        _ => url.to_owned(),
    }
}

fn source(options: &Options, env: &Env) -> Source {
    let messages = &options.messages;
    if messages.echo || messages.receive_only {
        return Source::Nothing;
    }
    if !messages.execute.is_empty() && !messages.interactive {
        return Source::Ended;
    }
    let is_plain = messages.json_input || messages.whole || messages.chunk.is_some() || env.terminal_is_dumb;
    if env.stdin_is_terminal && env.stdout_is_terminal && !is_plain {
        return Source::Prompt(Prompt {
            history: env.state_dir.as_ref().map(|dir| dir.join("history")),
            pager: env.pager.clone(),
            editor: env.editor.clone(),
            vi: options.output.vi || env.inputrc_wants_vi,
            binary: messages.binary,
            escapes: messages.escapes,
            exit_on_close: options.ending.exit_on_close,
        });
    }
    let kind = match (messages.binary || messages.chunk.is_some(), messages.escapes) {
        (true, false) => Kind::Binary,
        (true, true) => Kind::EscapedBinary,
        (false, false) => Kind::Text,
        (false, true) => Kind::EscapedText,
    };
    Source::Pipe(match (messages.json_input, messages.whole, messages.chunk) {
        (true, ..) => Cut::Records,
        (_, true, _) => match kind {
            Kind::Text | Kind::Binary if !wants_whole(options) => Cut::Streamed { is_text: kind == Kind::Text },
            _ => Cut::Whole(kind),
        },
        (_, _, Some(size)) => Cut::Chunks(size),
        _ => Cut::At { delimiter: delimiter(messages), keep: messages.keep_newline, kind },
    })
}

/// `None` means lines, whose ends may be LF or CRLF.
fn delimiter(messages: &options::Messages) -> Option<Bytes> {
    if messages.null { Some(Bytes::from_static(b"\0")) } else { messages.delimiter.clone() }
}

fn first(messages: &options::Messages) -> Result<Vec<Input>, Error> {
    let message = |text: &String| {
        let bad = |error| Error::Usage(format!("`{text}` is no value for `--execute <MSG>`: {error}"));
        Ok(Input::Message(match (messages.binary, messages.escapes) {
            (false, false) => Message::Text(text.into()),
            (true, false) => Message::Binary(text.clone().into()),
            (false, true) => Message::Text(unescape_text(text).map_err(|error| bad(error.to_string()))?.into()),
            (true, true) => Message::Binary(unescape_bytes(text).map_err(|error| bad(error.to_string()))?.into()),
        }))
    };
    messages.execute.iter().map(message).collect()
}

fn session(options: &Options) -> session::Options {
    let ending = &options.ending;
    let texts = ending.expect.iter().cloned().map(Expectation::Text);
    let jsons = ending.expect_json.iter().cloned().map(Expectation::Json);
    session::Options {
        ending: Ending {
            wait: ending.wait,
            count: if ending.one { Some(1) } else { ending.count },
            until: ending.until.clone(),
            expectations: texts.chain(jsons).collect(),
            close: Close::new(ending.close_code, ending.close_reason.clone()),
            close_timeout: ending.close_timeout,
            deadline: None,
        },
        echo: options.messages.echo,
        rate: options.messages.rate,
    }
}

fn wishes(options: &Options, from_url: Option<Credentials>) -> Result<Wishes, Error> {
    let request = &options.request;
    let credentials = match (&request.user, &request.bearer) {
        (Some(user), _) => Some(secret::user(user)?),
        (None, Some(token)) => Some(secret::bearer(token)?),
        (None, None) => from_url,
    };
    let mut headers = Vec::new();
    for text in &request.headers {
        headers.extend(secret::headers(text)?);
    }
    let cookies = request.cookie.iter().map(|cookie| {
        let cookie = secret::resolve("--cookie", cookie)?;
        let is_pair = cookie.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
        if !is_pair || cookie.contains(|c: char| c.is_ascii_control()) {
            return Err(Error::Usage("`--cookie <NAME=VALUE>` takes a name, `=` and a value in one line".to_owned()));
        }
        Ok(cookie)
    });
    let cookies = cookies.collect::<Result<_, _>>()?;
    Ok(Wishes {
        headers,
        subprotocols: request.subprotocols.clone(),
        origin: request.origin.clone(),
        host: request.host.clone(),
        user_agent: request.user_agent.clone(),
        cookies,
        credentials,
        compression: compression(&options.protocol)?,
    })
}

fn compression(protocol: &options::Protocol) -> Result<Compression, Error> {
    let offer = protocol.compress_options.unwrap_or_default();
    // A server may choose our window only if we say so.
    let offer = Parameters { client_max_window_bits: offer.client_max_window_bits.or(Some(None)), ..offer };
    match protocol.compress {
        Compress::Off if protocol.compress_options.is_some() => {
            Err(Error::Usage("`--compress-options` and `--compress off` exclude each other".to_owned()))
        }
        Compress::Off => Ok(Compression::Off),
        Compress::Auto => Ok(Compression::Offered(offer)),
        Compress::Required => Ok(Compression::Required(offer)),
    }
}

fn route(options: &Options) -> Result<Route, Error> {
    let trust = match &options.tls.cacert {
        _ if options.tls.insecure => Trust::Anyone,
        None => Trust::System,
        Some(path) => Trust::from_pem_file(path).map_err(|error| {
            Error::Usage(format!("`{}` is no value for `--cacert <FILE>`: {error}", path.display()))
        })?,
    };
    let family = match (options.route.ipv4, options.route.ipv6) {
        (true, _) => Some(Family::V4),
        (_, true) => Some(Family::V6),
        _ => None,
    };
    Ok(Route { family, trust, connect_timeout: options.timing.connect_timeout })
}

fn look(options: &Options, env: &Env, is_prompt: bool) -> Look {
    let output = &options.output;
    let format = match output.output {
        _ if output.json => Format::Records,
        OutputFormat::Auto => Format::Auto,
        OutputFormat::Text => Format::Text,
        OutputFormat::Hex => Format::Hex,
        OutputFormat::Base64 => Format::Base64,
        OutputFormat::Raw => Format::Raw,
    };
    let delimiter = delimiter(&options.messages).filter(|_| !is_prompt);
    Look {
        format,
        delimiter: delimiter.unwrap_or(Bytes::from_static(b"\n")),
        keeps_delimiter: options.messages.keep_newline,
        stamps: output.timestamps.map(|stamps| match stamps {
            Timestamps::Utc => Stamps::Utc,
            Timestamps::Local => Stamps::Local,
            Timestamps::Delta => Stamps::Delta,
        }),
        ping_pong: output.show_ping_pong,
        indent_json: chosen(output.pretty, env.stdout_is_terminal && !env.terminal_is_dumb),
        for_terminal: env.stdout_is_terminal,
        colour: colour(output, env, env.stdout_is_terminal),
        marks: is_prompt,
    }
}

fn voice(output: &options::Output, env: &Env, is_prompt: bool) -> Voice {
    let verbosity = match (output.quiet, output.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Chatty,
    };
    // At the prompt there is one screen for both.
    let colour = colour(output, env, if is_prompt { env.stdout_is_terminal } else { env.stderr_is_terminal });
    Voice { verbosity, colour }
}

fn colour(output: &options::Output, env: &Env, stream_is_terminal: bool) -> bool {
    !output.no_color && chosen(output.color, env.colours(stream_is_terminal))
}

fn chosen(when: When, auto: bool) -> bool {
    match when {
        When::Auto => auto,
        When::Always => true,
        When::Never => false,
    }
}
