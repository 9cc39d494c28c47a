//! From what was typed to what it means. All that can be refused is refused here, before a socket opens.

use std::time::Duration;

use bytes::Bytes;

use super::env::Env;
use super::message_file::{self, MessageArg};
use super::options::{self, Compress, Http2When, Options, OutputFormat, Timestamps, When};
use super::route::route;
use super::secret::{self, CookieArg};
use super::signing;
use super::values::Interval;
use crate::client::connect;
use crate::client::http_choice::HttpChoice;
use crate::client::options::ClientOptions;
use crate::dial::proxy::Proxies;
use crate::error::Error;
use crate::events::Input;
use crate::handshake::auth::KnownChallenge;
use crate::input::payload::PayloadKind;
use crate::input::source::{Guidance, PromptOptions, Source};
use crate::input::splitter::{Border, Cut};
use crate::masking;
use crate::message::{Close, Message};
use crate::render::record::Secrets;
use crate::render::{IndentJson, OutputStyle, PayloadFormat, Stamps};
use crate::request::schemes::SchemeChoice;
use crate::request::{Compression, RequestOptions};
use crate::session::reconnect::RetryPolicy;
use crate::session::{
    self, DecodeCommand, DecodeHow, DecodeSwitch, Delay, Echo, Ending, Expectation, Heartbeat, KeepaliveOptions,
    LingerPolicy, Pinging, ReconnectPolicy, Replies, ReplyRule, Wait,
};
use crate::target::{Endpoint, Parsed};
use crate::term::diagnostics::Diagnostics;
use crate::term::{Details, Verbosity};
use crate::wire::offer::Parameters;
use crate::wire::{ConnectionOptions, Limits};

/// Between pings, and between heartbeats: half of what the usual proxies and load balancers allow.
const INTERVAL: Duration = Duration::from_secs(30);

const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The default of `--wait-idle`: after this long without messages, no more are expected.
const IDLE: Duration = Duration::from_secs(1);

const DELAY: Delay = Delay { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

pub(super) fn connect(url: &str, options: &Options, env: &Env) -> Result<Box<ClientOptions>, Error> {
    let parsed = target(url)?;
    if matches!(parsed.target.place, Endpoint::Unix(_)) && options.route.proxy.is_some() {
        return Err(Error::Usage("`--proxy` cannot be used with the URL of a Unix socket".to_owned()));
    }
    plan(parsed, options, env)
}

/// # Errors
/// An invalid URL.
pub(super) fn target(url: &str) -> Result<Parsed, Error> {
    Parsed::from_text(url).map_err(|error| Error::Usage(format!("invalid URL `{}`: {error}", masking::typed(url))))
}

/// The target is put in when the server is there.
pub(super) fn demo(options: &Options, env: &Env) -> Result<Box<ClientOptions>, Error> {
    let anywhere = Parsed::from_text(":0").expect("a port alone is a URL");
    let mut plan = plan(anywhere, options, env)?;
    if let Source::Prompt(PromptOptions { guidance: guidance @ Guidance::WithoutHistory, .. }) = &mut plan.source {
        *guidance = Guidance::Always;
    }
    if options.route.proxy.is_none() {
        // What the environment says is about the network.
        plan.connect.route.proxies = Proxies::default();
    }
    Ok(plan)
}

fn plan(parsed: Parsed, options: &Options, env: &Env) -> Result<Box<ClientOptions>, Error> {
    let source = source(options, env);
    let is_prompt = matches!(source, Source::Prompt(_));
    let beside_command = options.messages.exec.as_ref().map(|_| env.without_stdout());
    let style = style(&options.output, &options.messages.stdin, beside_command.as_ref().unwrap_or(env), is_prompt);
    let style = if options.messages.stream { style.of_bytes() } else { style };
    Ok(Box::new(ClientOptions {
        connect: connect::Options {
            request: request(options, &parsed, env)?,
            target: parsed.target,
            route: route(options, env)?,
            http: http(options)?,
            handshake_timeout: options.timing.handshake_timeout,
            max_redirects: options.request.location.then_some(options.request.max_redirects),
            insecure_redirect: options.request.insecure_redirect,
            limits: Limits { max_message: options.protocol.max_message, pongs: !options.timing.no_pong },
            known: KnownChallenge::default(),
            connection: connection(options, is_prompt || style.prints_payload()),
        },
        first: first(&options.messages)?,
        source,
        expected_status: options.ending.expect_status,
        session: session(options, is_prompt)?,
        retry: retry(&options.timing),
        style,
        record: options.output.recorded_to(),
        diagnostics: diagnostics(&options.output, env, is_prompt),
        timeout: options.ending.timeout,
        ends_without_input: options.ending.wait.is_some() || options.ending.wait_idle.is_some(),
    }))
}

fn http(options: &Options) -> Result<HttpChoice, Error> {
    let protocol = &options.protocol;
    let choice = match protocol.http2 {
        _ if protocol.http2_prior_knowledge => HttpChoice::PriorKnowledge,
        Some(Http2When::Auto) => HttpChoice::Offered,
        Some(Http2When::Required) => HttpChoice::Required,
        None => HttpChoice::Http1,
    };
    match (needs_http1(&options.request), choice) {
        (Some(option), HttpChoice::Required | HttpChoice::PriorKnowledge) => {
            Err(Error::Usage(format!("`{option}` needs HTTP/1.1")))
        }
        (Some(_), HttpChoice::Offered) => Ok(HttpChoice::Http1),
        (_, choice) => Ok(choice),
    }
}

/// A signature is one of a GET, which HTTP/2 has another method for (RFC 8441, section 5). NTLM proves a connection, which
/// HTTP/2 shares between requests.
fn needs_http1(request: &options::RequestArgs) -> Option<&'static str> {
    let is_only_ntlm = request.ntlm && !request.basic && !request.digest;
    if request.aws_sigv4.is_some() {
        Some("--aws-sigv4")
    } else if request.aws_sigv4_query.is_some() {
        Some("--aws-sigv4-query")
    } else {
        is_only_ntlm.then_some("--ntlm")
    }
}

fn connection(options: &Options, passes_on: bool) -> ConnectionOptions {
    let looks_into = !options.ending.expect.is_empty() || !options.ending.expect_json.is_empty();
    let parts = passes_on
        && !wants_whole(options)
        && !looks_into
        && options.ending.until.is_none()
        && options.messages.until_each.is_none()
        && !options.output.decode.is_given()
        && !options.messages.echo
        && options.messages.reply.is_empty()
        && !options.messages.stdin.keep_newline;
    ConnectionOptions {
        parts,
        traced: options.output.frames,
        fragment: options.protocol.fragment,
        ..ConnectionOptions::default()
    }
}

/// Whether messages become records, which hold whole ones.
fn wants_whole(options: &Options) -> bool {
    options.output.json || options.output.record.is_some()
}

pub(super) fn source(options: &Options, env: &Env) -> Source {
    let messages = &options.messages;
    let stdin = &messages.stdin;
    if messages.echo || stdin.receive_only {
        return Source::Nothing;
    }
    // What is recorded or sent again must be complete.
    let may_stream = !wants_whole(options) && options.timing.reconnect.is_none();
    let bytes = messages.stream.then_some(Cut { border: Border::Nowhere, may_stream });
    if let Some(command) = &messages.exec {
        return Source::Command(command.clone(), bytes.unwrap_or_else(|| cut(stdin, may_stream)));
    }
    if options.ending.expect_status.is_some() || !messages.execute.is_empty() && !messages.interactive {
        return Source::Ended;
    }
    if let Some(bytes) = bytes {
        return Source::Pipe(bytes);
    }
    if let Some(prompt) = prompt(stdin, &options.output, env) {
        return Source::Prompt(PromptOptions { exit_on_close: options.ending.exit_on_close, ..prompt });
    }
    Source::Pipe(cut(stdin, may_stream))
}

/// The prompt, if there is a terminal on both sides and nothing asks for all of its input at once.
pub(super) fn prompt(stdin: &options::StdinArgs, output: &options::OutputArgs, env: &Env) -> Option<PromptOptions> {
    let is_plain = stdin.json_input || stdin.whole || stdin.chunk.is_some() || env.terminal_is_dumb;
    let has_terminal = env.stdin_is_terminal && env.stdout_is_terminal;
    (has_terminal && !is_plain).then(|| PromptOptions {
        history: env.state_dir.as_ref().map(|dir| dir.join("history")),
        home: env.home.clone(),
        pager: env.pager.clone(),
        editor: env.editor.clone(),
        wraps_anew: env.terminal_wraps_anew,
        vi: output.vi || env.inputrc_wants_vi(),
        kind: payload_kind(stdin),
        exit_on_close: false,
        guidance: if output.quiet { Guidance::Never } else { Guidance::WithoutHistory },
    })
}

/// How stdin is cut into messages; `may_stream` lets a large one be sent before its end has come.
pub(super) fn cut(stdin: &options::StdinArgs, may_stream: bool) -> Cut {
    let kind = payload_kind(stdin);
    let border = match (stdin.json_input, stdin.whole, stdin.chunk) {
        (true, ..) => Border::Records,
        (_, true, _) => Border::Whole(kind),
        (_, _, Some(size)) => Border::Chunks(size),
        _ => Border::At { delimiter: delimiter(stdin), keep: stdin.keep_newline, kind },
    };
    Cut { border, may_stream }
}

/// What a text is sent as.
fn payload_kind(stdin: &options::StdinArgs) -> PayloadKind {
    match (stdin.encode, stdin.binary, stdin.escapes) {
        (Some(encoding), ..) => PayloadKind::Json(encoding),
        (None, true, false) => PayloadKind::Binary,
        (None, true, true) => PayloadKind::EscapedBinary,
        (None, false, false) => PayloadKind::Text,
        (None, false, true) => PayloadKind::EscapedText,
    }
}

/// `None` means lines, whose ends may be LF or CRLF.
fn delimiter(stdin: &options::StdinArgs) -> Option<Bytes> {
    if stdin.null { Some(Bytes::from_static(b"\0")) } else { stdin.delimiter.clone() }
}

fn first(messages: &options::MessageArgs) -> Result<Vec<Input>, Error> {
    let message = |arg: &String| match MessageArg::new(arg) {
        MessageArg::File(path) => message_file::read(&path, messages.stdin.binary),
        MessageArg::Text(text) => message("--execute <MSG>", &text, &messages.stdin),
    };
    messages.execute.iter().map(|arg| message(arg).map(Input::Message)).collect()
}

/// A message of the command line, converted like one of stdin.
pub(super) fn message(option: &str, text: &str, stdin: &options::StdinArgs) -> Result<Message, Error> {
    let bad = |error| Error::Usage(format!("invalid value `{text}` for `{option}`: {error}"));
    payload_kind(stdin).message(text).map_err(bad)
}

fn retry(timing: &options::TimingArgs) -> RetryPolicy {
    let delay = timing.reconnect_delay.unwrap_or(DELAY);
    RetryPolicy {
        wait_for_server: timing.wait_for_server,
        reconnect: timing.reconnect.map(|attempts| ReconnectPolicy {
            attempts,
            delay,
            on: timing.reconnect_on.clone().unwrap_or_default(),
        }),
    }
}

/// Pings are automatic only at the prompt: a user who pauses between two lines should not lose the connection.
pub(super) fn pings(
    interval: Option<Interval>,
    timeout: Option<Duration>,
    is_prompt: bool,
) -> Result<Option<Pinging>, Error> {
    match (interval, timeout) {
        (Some(Interval::Off), Some(_)) => {
            Err(Error::Usage("`--ping-timeout <TIME>` needs pings, which `--ping-interval off` disables".to_owned()))
        }
        (Some(Interval::Off), None) => Ok(None),
        (Some(Interval::Every(every)), _) => Ok(Some(Pinging { every, timeout: timeout.unwrap_or(PING_TIMEOUT) })),
        (None, asked) => {
            let timeout = timeout.unwrap_or(PING_TIMEOUT);
            Ok((is_prompt || asked.is_some()).then_some(Pinging { every: INTERVAL, timeout }))
        }
    }
}

fn session(options: &Options, is_prompt: bool) -> Result<session::options::Options, Error> {
    let timing = &options.timing;
    let heartbeat = timing.heartbeat.as_ref().map(|text| {
        let message = message("--heartbeat <TEXT>", text, &options.messages.stdin)?;
        Ok::<_, Error>(Heartbeat { message, every: timing.heartbeat_interval.unwrap_or(INTERVAL) })
    });
    let keepalive = KeepaliveOptions {
        pings: pings(timing.ping_interval, timing.ping_timeout, is_prompt)?,
        heartbeat: heartbeat.transpose()?,
    };
    let ending = &options.ending;
    let texts = ending.expect.iter().cloned().map(Expectation::Text);
    let jsons = ending.expect_json.iter().cloned().map(Expectation::Json);
    Ok(session::options::Options {
        ending: Ending {
            linger: linger(ending, options.messages.lockstep, options.messages.exec.is_some()),
            count: if ending.one { Some(1) } else { ending.count },
            until: ending.until.clone(),
            expectations: texts.chain(jsons).collect(),
            looks_at_binary: options.messages.stdin.binary,
            close: Close::new(ending.close_code, ending.close_reason.clone()),
            close_timeout: ending.close_timeout,
            hears_the_rest: options.messages.stream,
            sends_the_rest: false,
            idle_timeout: options.timing.idle_timeout,
            lockstep: options.messages.lockstep(),
            deadline: None,
        },
        replies: replies(&options.messages)?,
        echo: if options.messages.echo { Echo::Aside } else { Echo::No },
        rate: options.messages.rate,
        keepalive,
        decode: decode(&options.output.decode, options.protocol.max_message, is_prompt),
    })
}

/// How messages are decoded; at the prompt, that may change.
pub(super) fn decode(decode: &options::DecodeArgs, limit: usize, is_prompt: bool) -> Option<DecodeSwitch> {
    let chain = decode.decode.clone().map(DecodeHow::Chain);
    let how = chain.or_else(|| decode.decode_with.as_deref().map(DecodeCommand::new).map(DecodeHow::Command));
    (is_prompt || how.is_some()).then(|| DecodeSwitch::new(how, limit))
}

/// An explicit `--wait` is the full time, unless `--wait-idle` is given too. In lockstep, the last reply is the end, where
/// nothing else is waited for.
fn linger(ending: &options::EndingArgs, is_in_lockstep: bool, is_of_command: bool) -> LingerPolicy {
    let has_goal = ending.one
        || ending.count.is_some()
        || ending.until.is_some()
        || !ending.expect.is_empty()
        || !ending.expect_json.is_empty();
    if ending.expect_status.is_some() {
        return LingerPolicy { idle: Wait::For(Duration::ZERO), whole: Wait::For(Duration::ZERO) };
    }
    let idle = match (ending.wait_idle, ending.wait) {
        (Some(idle), _) => Wait::For(idle),
        (None, Some(_)) => Wait::Forever,
        // Nobody is there to hear more.
        (None, None) if is_of_command => Wait::For(Duration::ZERO),
        (None, None) if is_in_lockstep && !has_goal => Wait::For(Duration::ZERO),
        (None, None) => Wait::For(IDLE),
    };
    LingerPolicy { idle, whole: ending.wait.unwrap_or(Wait::Forever) }
}

fn replies(messages: &options::MessageArgs) -> Result<Replies, Error> {
    const OPTION: &str = "--reply <REGEX> <TEXT>";
    let rule = |pair: &[String]| {
        let bad = |why| Error::Usage(format!("invalid value `{}` for `{OPTION}`: {why}", pair[0]));
        let regex = crate::text::patterns::regex(&pair[0]).map_err(bad)?;
        let text = message(OPTION, &pair[1], &messages.stdin)?;
        let text = String::from_utf8(text.data().to_vec());
        let text =
            text.map_err(|_| Error::Usage(format!("invalid value `{}` for `{OPTION}`: it is not UTF-8", pair[1])))?;
        Ok(ReplyRule { regex, text })
    };
    let rules = messages.reply.chunks_exact(2).map(rule).collect::<Result<_, Error>>()?;
    Ok(Replies { rules, is_binary: messages.stdin.binary })
}

fn request(options: &Options, parsed: &Parsed, env: &Env) -> Result<RequestOptions, Error> {
    let request = &options.request;
    let signer = signing::signer(options, &parsed.target)?;
    let credentials = match (&request.user, &request.bearer) {
        // They are the keys of the signature.
        _ if signer.is_some() => None,
        (Some(user), _) => Some(secret::user(user)?),
        (None, Some(token)) => Some(secret::bearer(token)?),
        (None, None) => crate::cli::credentials::from_url_or_netrc(parsed, request, env)?,
    };
    let mut headers = Vec::new();
    for text in &request.headers {
        headers.extend(secret::headers(text)?);
    }
    let mut cookies = Vec::new();
    let mut jars = Vec::new();
    for text in &request.cookie {
        match secret::cookie(text)? {
            CookieArg::Pair(pair) => cookies.push(pair),
            CookieArg::Jar(jar) => jars.push(jar),
        }
    }
    Ok(RequestOptions {
        headers,
        subprotocols: secret::subprotocols(&request.subprotocols)?,
        origin: request.origin.clone(),
        host: request.host.clone(),
        user_agent: request.user_agent.clone(),
        cookies,
        jars,
        signer,
        credentials,
        schemes: SchemeChoice::of_flags(request.anyauth, [request.basic, request.digest, request.ntlm]),
        compression: offered(&options.protocol)?,
    })
}

fn offered(protocol: &options::ProtocolArgs) -> Result<Compression, Error> {
    let offer = |parameters: Parameters| {
        // A server may choose our window only if we say so.
        Parameters { client_max_window_bits: parameters.client_max_window_bits.or(Some(None)), ..parameters }
    };
    Ok(match compression(protocol.compress, protocol.compress_options)? {
        Compression::Off => Compression::Off,
        Compression::Wanted(parameters) => Compression::Wanted(offer(parameters)),
        Compression::Required(parameters) => Compression::Required(offer(parameters)),
    })
}

/// `--compress` and `--compress-options`, of either side.
pub(super) fn compression(compress: Compress, options: Option<Parameters>) -> Result<Compression, Error> {
    let parameters = options.unwrap_or_default();
    match compress {
        Compress::Off if options.is_some() => {
            Err(Error::Usage("`--compress-options` cannot be used with `--compress off`".to_owned()))
        }
        Compress::Off => Ok(Compression::Off),
        Compress::Auto => Ok(Compression::Wanted(parameters)),
        Compress::Required => Ok(Compression::Required(parameters)),
    }
}

pub(super) fn style(
    output: &options::OutputArgs,
    stdin: &options::StdinArgs,
    env: &Env,
    is_prompt: bool,
) -> OutputStyle {
    let format = match output.output {
        _ if output.json => PayloadFormat::Records,
        OutputFormat::Auto => PayloadFormat::Auto,
        OutputFormat::Text => PayloadFormat::Text,
        OutputFormat::Hex => PayloadFormat::Hex,
        OutputFormat::Base64 => PayloadFormat::Base64,
        OutputFormat::Raw => PayloadFormat::Raw,
    };
    let delimiter = delimiter(stdin).filter(|_| !is_prompt);
    OutputStyle {
        format,
        delimiter: delimiter.unwrap_or(Bytes::from_static(b"\n")),
        keeps_delimiter: stdin.keep_newline,
        stamps: output.timestamps.map(|stamps| match stamps {
            Timestamps::Utc => Stamps::Utc,
            Timestamps::Local => Stamps::Local,
            Timestamps::Delta => Stamps::Delta,
        }),
        ping_pong: output.show_ping_pong,
        indent_json: match output.pretty {
            When::Always => IndentJson::Always,
            When::Auto if env.stdout_is_terminal && !env.terminal_is_dumb => IndentJson::Long,
            When::Auto | When::Never => IndentJson::Never,
        },
        for_terminal: env.stdout_is_terminal,
        colour: colour(output, env, env.stdout_is_terminal),
        secrets: if output.record_secrets { Secrets::Kept } else { Secrets::Masked },
        marks: is_prompt,
        both_ways: false,
        size: None,
    }
}

pub(super) fn diagnostics(output: &options::OutputArgs, env: &Env, is_prompt: bool) -> Diagnostics {
    // At the prompt there is one screen for both.
    let colour = colour(output, env, if is_prompt { env.stdout_is_terminal } else { env.stderr_is_terminal });
    Diagnostics { verbosity: verbosity(output.quiet, output.verbose), colour }
}

pub(super) fn verbosity(quiet: bool, verbose: u8) -> Verbosity {
    let details = match verbose {
        0 => Details::None,
        1 => Details::Some,
        _ => Details::All,
    };
    Verbosity { talks: !quiet, details }
}

fn colour(output: &options::OutputArgs, env: &Env, stream_is_terminal: bool) -> bool {
    !output.no_color && chosen(output.color, env.colours(stream_is_terminal))
}

pub(super) fn chosen(when: When, auto: bool) -> bool {
    match when {
        When::Auto => auto,
        When::Always => true,
        When::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn pings_with(args: &[&str], is_prompt: bool) -> Option<(u64, u64)> {
        let cli = Cli::parse_from(["wsprobe", ":80"].iter().chain(args));
        let timing = &cli.options.timing;
        let pinging = pings(timing.ping_interval, timing.ping_timeout, is_prompt).unwrap();
        pinging.map(|Pinging { every, timeout }| (every.as_secs(), timeout.as_secs()))
    }

    #[test]
    fn the_prompt_pings_by_itself_and_the_pipe_when_it_is_asked_to() {
        assert_eq!(pings_with(&[], true), Some((30, 10)));
        assert_eq!(pings_with(&[], false), None);
        assert_eq!(pings_with(&["--ping-interval", "off"], true), None);
        assert_eq!(pings_with(&["--ping-interval", "5s"], false), Some((5, 10)));
        assert_eq!(pings_with(&["--ping-timeout", "5s"], false), Some((30, 5)));
    }
}
