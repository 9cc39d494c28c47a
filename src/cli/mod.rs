//! The command line: what was typed, and what it means.
//!
//! Owns clap and the environment. Its doc comments are the manual, its errors fit one line.

mod arguments;
mod catalogue;
mod check;
mod completion;
pub(crate) mod credentials;
mod curl;
pub(crate) mod defer;
mod dialing;
mod env;
mod forward;
mod generate;
mod help;
mod import;
mod listen;
mod load;
mod manual;
mod message_file;
mod modes;
mod options;
mod ping;
mod profile;
mod replay;
mod reports;
mod route;
mod run;
mod schema;
mod secret;
mod signing;
mod suite;
mod synonyms;
mod topics;
mod translate;
mod unlisted;
mod usage_error;
mod usual_line;
pub(crate) mod values;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches, Parser, Subcommand};

use self::catalogue::HelpArgs;
use self::check::CheckArgs;
use self::defer::Apart;
use self::import::ImportArgs;
use self::listen::ListenArgs;
use self::load::LoadArgs;
use self::modes::GivenOptions;
use self::ping::PingArgs;
use self::profile::{ConfigArgs, ProfileArgs, TypedLine};
use self::replay::{ReplayArgs, ToScript};
use self::run::RunArgs;
use self::usage_error::{DoubtfulLine, one_line};
use self::usual_line::UsualLine;
use crate::app::Job;
use crate::error::Error;
use crate::server::address::Address;

pub(crate) use self::env::Env;
pub(crate) use self::options::Options;
pub use self::options::option_names;

/// A terminal client for WebSocket servers: poke, pipe, test
///
/// With a terminal on both sides, wsprobe is a prompt: what you type is sent, and the server's messages appear above
/// the input line. Otherwise it is a pipe: each line of stdin is sent as a message, each received message is printed to
/// stdout, and everything else to stderr. Nothing is lost, and the exit status tells how the run ended.
///
/// A URL may be short: `:8080/x` is ws://localhost:8080/x; without a scheme, a loopback name or address gets ws://,
/// anything else wss://. `http://` and `https://` mean ws:// and wss://, `ws+unix:/run/app.sock:/path` is a Unix
/// socket, `user:pass@` becomes Basic authentication, and `[fe80::1%25eth0]` is reached through that interface.
#[derive(Debug, Parser)]
#[command(
    name = "wsprobe",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    override_usage = "wsprobe [OPTIONS] <URL>\n       wsprobe demo [OPTIONS]\n       wsprobe listen [OPTIONS] [ADDR]\n       wsprobe run [OPTIONS] <FILE>...\n       wsprobe ping [OPTIONS] <URL>\n       wsprobe load [OPTIONS] <URL>\n       wsprobe check [OPTIONS] <URL>\n       wsprobe replay [OPTIONS] <FILE> <URL>\n       wsprobe record-to-script <FILE>\n       wsprobe import [OPTIONS] <FILE>\n       wsprobe curl <URL> -H <HEADER>...\n       wsprobe profile <COMMAND>\n       wsprobe generate completions <SHELL>\n       wsprobe generate man [COMMAND]\n       wsprobe help [--json] [COMMAND]"
)]
pub(crate) struct Cli {
    /// The server: ws://, wss://, http(s)://, :8080/x, host/path, ws+unix:/run/app.sock:/path
    #[arg(value_name = "URL", required_unless_present_any = ["connect", "listen"])]
    url: Option<String>,

    /// The same as URL, for command lines written for wscat
    #[arg(short, long, value_name = "URL", hide_short_help = true, conflicts_with = "url")]
    connect: Option<String>,

    /// The same as `wsprobe listen PORT`, for command lines written for wscat
    #[arg(
        short, long, value_name = "PORT", value_parser = Address::from_text, hide_short_help = true,
        conflicts_with_all = ["url", "connect", "execute", "file", "interactive", "stream", "exec", "rate", "lockstep", "reply", "echo", "max_message"],
        conflicts_with_all = ["compress", "compress_options", "fragment", "http2", "http2_prior_knowledge", "http1_1"],
        conflicts_with_all = ["EndingArgs", "RequestArgs", "TlsArgs", "RouteArgs", "TimingArgs", "ConfigArgs"]
    )]
    listen: Option<Address>,

    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    _config: ConfigArgs,

    #[command(subcommand)]
    command: Option<Apart<CliCommand>>,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Try it out: connect to a built-in echo server
    ///
    /// The server listens on a free port of the loopback interface and sends every message back. No network is needed.
    Demo(Box<Apart<Demo>>),
    /// Connect with a curl command line copied from a browser
    ///
    /// Paste the output of "Copy as cURL" in the developer tools after `wsprobe`. Headers of the handshake itself (Sec-WebSocket-*,
    /// Connection, Upgrade, Host, Content-Length and others) and options without a meaning here are ignored; `-v` lists
    /// them, and what would have had an effect (`-X POST`, `-o FILE`) is told in any case. Sec-WebSocket-Protocol becomes
    /// `--subprotocol`. Data (`-d`, `--data-raw`, `--json`, …) is sent as the first message, `@FILE` as by `--file`; after `-G`
    /// it is added to the query. Short options have the meaning that they have in curl; wsprobe's own options may follow with
    /// their long names: `--execute MSG`.
    Curl {
        /// The arguments of curl
        #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        line: Vec<String>,
    },
    /// Be the server: prompt, pipe, echo, broadcast or a command
    ///
    /// Accepts any number of clients, each with a short name (`#1`). On a terminal it has a prompt: a typed line is
    /// sent to all clients, `/to #1 TEXT` to one; `/clients` lists them, `/kick #1` disconnects one, `/help` shows the
    /// rest. Otherwise each line of stdin is sent to all clients as soon as one is connected. Received messages are
    /// shown with the name of their client. A browser gets a small page to try the server with. SIGINT and SIGTERM
    /// close all clients with 1001 and end the server with status 0; a second signal ends it without waiting for them.
    /// `wsprobe listen --help` lists its options.
    Listen(Box<Apart<ListenArgs>>),
    /// Test a server with scripts: send, expect, compare
    ///
    /// wsprobe.wsp(5) explains the language. All files are checked before anything connects. A failed step is shown
    /// with its place, with what was received instead, and with the last ten messages of its connection. Results are
    /// printed on stderr; stdout is for `--report`. The exit status is 1 if an expectation failed, 2 if a file cannot
    /// be parsed, otherwise as for a connection. `wsprobe run --help` lists its options.
    Run(Box<Apart<RunArgs>>),
    /// Measure how long a server takes to connect and to answer
    ///
    /// Prints a line for the connection with the time of each step, then one for each ping: the round trip of a ping frame and,
    /// with `-x`, that of a message and its answer. At the end, or on Ctrl-C, it prints a summary: minimum, mean, maximum,
    /// standard deviation, percentiles and jitter. The exit status is 0 if anything was answered, 7 if nothing was, otherwise as
    /// for a connection.
    Ping(Box<Apart<PingArgs>>),
    /// Hold many connections, measure how late messages arrive
    ///
    /// Opens connections at a steady rate, sends a message on each at a steady rate, and counts its latency from when it was due:
    /// a server that stalls cannot hide it by slowing the sender down. Prints a line a second (on a terminal, one block that is
    /// written anew) and at the end, or on Ctrl-C, a summary: connections opened, refused and broken by kind, the steps of
    /// opening, messages and bytes a second, percentiles of latency, and how late and how busy wsprobe was itself, with a
    /// warning where that was the limit. A second Ctrl-C ends it at once.
    ///
    /// One thread runs for each processor. The name is resolved and the certificate authorities are read once for all
    /// connections; with TLS each has a whole handshake. Messages are compressed only with `--compress`. The exit status is 0 if
    /// some connection lasted to the end and, where replies are looked for, some came; 7 if none came; otherwise as for a
    /// connection.
    Load(Box<Apart<LoadArgs>>),
    /// Check which rules of the RFCs a server keeps
    ///
    /// Each case has a stable name, is about one rule of RFC 6455 or RFC 7692, and runs on its own connection, one after the other.
    /// The server need not echo: a case is judged by its reaction. `ok` keeps the rule, `loose` keeps it in effect
    /// but not in form, `FAIL` breaks it and is printed with what was sent, received and expected; `unclear` has more than one
    /// possible cause, `noted` is evidence without a rule, `skipped` does not apply to this server.
    ///
    /// By default only well-formed traffic is sent; `--malformed` and `--limits` add to it. Results are printed on stderr; stdout is
    /// for `--report`, `--list` and `--show`. The exit status is 1 if a MUST is broken (with `--strict`, also a SHOULD), and 3 to 7
    /// as for a connection if nothing could be judged. `wsprobe check --help` lists its options.
    Check(Box<Apart<CheckArgs>>),
    /// Send a recording of `--record` again, with its timing
    ///
    /// Sends what the client sent in the recording (messages, pings, unsolicited pongs, the Close), with the recorded
    /// pauses, and not before the answers that were recorded before it have arrived. Received messages are printed as
    /// usual. `--compare` checks whether the answers are the same.
    ///
    /// A recording with several connections (after `--reconnect`) is sent over as many connections, one after the
    /// other, with the pauses between them. In a recording of `wsprobe listen`, the part of its client is sent, and
    /// `--client` chooses the client. Pongs that answer pings, pings of `--ping-interval` and raw frames are not sent
    /// again.
    Replay(Box<Apart<ReplayArgs>>),
    /// Convert a recording to a script for `wsprobe run`
    ///
    /// Prints a script that sends what the client sent and expects what the server sent, in the same order: it passes
    /// against the same server. JSON is expected as `json exactly`, everything else as it was recorded; the server's
    /// pings are not expected. The request has the recorded headers, with variables in place of masked values. Values
    /// that change from run to run can be loosened by hand.
    RecordToScript(ToScript),
    /// Make a recording of the WebSockets in a browser's HAR file
    ///
    /// Prints what `--record` would have written: the opening and the messages of a WebSocket, with their times. `wsprobe
    /// replay`, `wsprobe record-to-script` and `wsprobe listen --replay` take it. Secrets in URLs and headers are masked.
    ///
    /// In the network panel of Chromium's developer tools, "Export HAR" saves such a file; mitmproxy, Playwright and others
    /// write WebSockets in the same way. Firefox saves no messages. A HAR file does not tell how a connection ended. The
    /// file is read twice and never held in memory; a message may have up to 384 MiB.
    Import(Apart<ImportArgs>),
    /// Keep URLs and options under a name, for `wsprobe @NAME`
    ///
    /// A profile is a section `[profile.NAME]` of `~/.config/wsprobe/config.toml`, with a `url` and any long option by its
    /// name. `wsprobe @NAME` connects to it, `wsprobe @NAME/path` to a path below it, and all other commands that connect
    /// take `@NAME` as well. wsprobe(1) explains the file.
    Profile(Box<Apart<ProfileArgs>>),
    /// Print shell completions or a man page
    Generate {
        #[command(subcommand)]
        what: generate::What,
    },
    /// Print the help of a command, or all that there is as JSON
    ///
    /// `wsprobe help` prints what `wsprobe -h` does, `wsprobe help COMMAND` what `wsprobe COMMAND --help` does, and
    /// `wsprobe help [COMMAND] tls` only the options under a heading. With `--json`,
    /// programs get the same: commands, options with their values, defaults and headings, exit statuses, the slash commands
    /// of the prompt, and the steps of scripts. `format` is 1, and goes up when something is taken away or changes its
    /// meaning.
    Help(HelpArgs),
}

#[derive(Debug, clap::Args)]
struct Demo {
    #[command(flatten)]
    options: Options,
}

/// What was asked for, and what `-v` tells of how it was read.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) job: Job,
    pub(crate) notes: Vec<String>,
    /// What is told without it, too: the notes tell it as well.
    pub(crate) warning: Option<String>,
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it, in one line; nothing has been opened by then but the files that it names.
pub(crate) fn invocation(args: impl IntoIterator<Item = OsString>, env: &Env) -> Result<Invocation, Error> {
    let args: Vec<_> = args.into_iter().collect();
    if args.len() < 2 && env.stdin_is_terminal && env.stdout_is_terminal {
        return Ok(Invocation::of(Job::Print(help::first().into_bytes())));
    }
    if let Some(UsualLine { url, options, given }) = UsualLine::of(&args, env, command) {
        return connecting(&url, &options, &given, env).map(Invocation::of);
    }
    with_whole_definition(args, env)
}

fn with_whole_definition(args: Vec<OsString>, env: &Env) -> Result<Invocation, Error> {
    let mut definition = Cli::command();
    let matched = definition.try_get_matches_from_mut(&args);
    let given = matched.as_ref().map(|matches| GivenOptions::of(&definition, matches)).unwrap_or_default();
    let line = DoubtfulLine { args: &args, definition: &definition, all: command };
    let matches = match matched {
        Ok(matches) => matches,
        // The whole help is built only if it was requested.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => return help_page(args, error).map(Invocation::of),
        Err(error) => {
            return printed(&error).map_or_else(|| Err(line.explained(&error)), |page| Ok(Invocation::of(page)));
        }
    };
    line.check(given.names(), &matches)?;
    let (matches, notes) = with_profiles(&args, &mut definition, matches, &given, env)?;
    if let Some(("profile", matches)) = matches.subcommand() {
        return profile_job(&definition, matches, env).map(Invocation::of);
    }
    // Dropping hundreds of options takes longer than letting the process end.
    std::mem::forget(definition);
    let with_notes =
        |invocation: Invocation| Invocation { notes: [invocation.notes, notes.clone()].concat(), ..invocation };
    job(matches, &given, env).map(with_notes).map_err(|error| in_profiles(error, &notes))
}

/// What clap has matched, with the options from the file of profiles, and where they are from.
fn with_profiles(
    args: &[OsString],
    definition: &mut clap::Command,
    matches: ArgMatches,
    given: &GivenOptions,
    env: &Env,
) -> Result<(ArgMatches, Vec<String>), Error> {
    let typed = TypedLine { args, definition, matches: &matches, given: given.names(), all: command };
    let Some(line) = profile::apply(&typed, env)? else { return Ok((matches, Vec::new())) };
    let matched = definition.try_get_matches_from_mut(line.args);
    let matched = matched.map_err(|error| in_profiles(Error::Usage(one_line(&error)), &line.origins))?;
    Ok((matched, line.origins))
}

/// An error that options of the file of profiles may have led to.
fn in_profiles(error: Error, origins: &[String]) -> Error {
    match error {
        Error::Usage(why) if !origins.is_empty() => {
            Error::Usage(format!("{why} (with options {})", origins.join("; ")))
        }
        other => other,
    }
}

fn profile_job(definition: &clap::Command, matches: &ArgMatches, env: &Env) -> Result<Job, Error> {
    let profile = definition.find_subcommand("profile").expect("clap has just matched it");
    let (name, below) = matches.subcommand().expect("clap requires one");
    let command = profile.find_subcommand(name).expect("clap has just matched it");
    let profile = ProfileArgs::from_arg_matches(matches).expect("clap has just matched these");
    profile.what.run(command, below, env).map(Job::Print)
}

fn job(mut matches: ArgMatches, given: &GivenOptions, env: &Env) -> Result<Invocation, Error> {
    let cli = Cli::from_arg_matches_mut(&mut matches).expect("clap has just matched these");
    match cli.command {
        Some(Apart(CliCommand::Curl { line })) => as_curl(&line, env),
        Some(command) => command.0.job(given, env).map(Invocation::of),
        None => without_command(cli, given, env).map(Invocation::of),
    }
}

impl CliCommand {
    fn job(self, given: &GivenOptions, env: &Env) -> Result<Job, Error> {
        match self {
            Self::Help(help) => help.page(command()).map(Job::Print),
            Self::Generate { what } => what.generate(command(), env).map(Job::Print),
            Self::Curl { .. } | Self::Profile(_) => unreachable!("these are read before"),
            Self::Listen(listen) => {
                given.check_server(&listen.0, env)?;
                listen.0.service(env).map(Box::new).map(Job::Listen)
            }
            Self::Run(run) => {
                if run.0.only_reads() {
                    given.check_unplayed(dialing::names().into_iter().map(|option| option.name))?;
                }
                run.0.job(env)
            }
            Self::Check(check) => check.0.job(env),
            Self::Demo(demo) => {
                given.check_demo().and_then(|()| given.check_client(&demo.0.options, env))?;
                translate::demo(&demo.0.options, env).map(Job::Demo)
            }
            Self::Ping(ping) => {
                given.check_ping()?;
                ping.0.job(env).map(Box::new).map(Job::Ping)
            }
            Self::Load(load) => {
                given.check_load()?;
                load.0.job(env)
            }
            Self::Replay(replay) => replay.0.job(env).map(Box::new).map(Job::Replay),
            Self::RecordToScript(recording) => Ok(recording.job()),
            Self::Import(import) => Ok(import.0.job()),
        }
    }
}

/// What a command line without a command asks for.
fn without_command(cli: Cli, given: &GivenOptions, env: &Env) -> Result<Job, Error> {
    if let Some(address) = cli.listen {
        let Options { messages, output, .. } = cli.options;
        let listen = ListenArgs::at(address, messages.stdin, output);
        given.check_server(&listen, env)?;
        let service = listen.service(env)?;
        return Ok(Job::Listen(Box::new(service)));
    }
    let url = cli.url.or(cli.connect).expect("clap requires one of the two");
    connecting(&url, &cli.options, given, env)
}

fn connecting(url: &str, options: &Options, given: &GivenOptions, env: &Env) -> Result<Job, Error> {
    given.check_client(options, env)?;
    translate::connect(url, options, env).map(Job::Connect)
}

impl Invocation {
    fn of(job: Job) -> Self {
        Self { job, notes: Vec::new(), warning: None }
    }
}

/// Parses a curl command line.
fn as_curl(line: &[String], env: &Env) -> Result<Invocation, Error> {
    let definition = command();
    let takes_value = |name: &str| {
        let mut arguments = definition.get_arguments();
        let found =
            arguments.find(|argument| argument.get_long_and_visible_aliases().is_some_and(|all| all.contains(&name)));
        found.is_some_and(|argument| argument.get_action().takes_values() && !argument.is_require_equals_set())
    };
    let curl::Translated { args, dropped, missed, .. } = curl::translate(line, takes_value)?;
    let ignored = |names: &[String]| format!("ignored from curl's command line: {}", names.join(", "));
    let mut invocation = invocation(args, env)?;
    if !dropped.is_empty() {
        invocation.notes.insert(0, ignored(&dropped));
    }
    invocation.warning = (!missed.is_empty()).then(|| ignored(&missed));
    Ok(invocation)
}

/// The definition, with the short help after clap's own.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let short = help::short(&command);
    command.after_help(short).after_long_help(help::after())
}

/// The page of `--help`, whole or about the word after it.
fn help_page(args: Vec<OsString>, error: clap::Error) -> Result<Job, Error> {
    let mut definition = command();
    if let Some((path, word)) = topics::asked(&args) {
        return topics::page(definition, &path, &word).map(Job::Print);
    }
    let error = definition.try_get_matches_from_mut(args).err().unwrap_or(error);
    Ok(printed(&error).expect("clap returns pages of help as errors"))
}

/// Help and version are pages to print; everything else is an error for one line.
fn printed(error: &clap::Error) -> Option<Job> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let page = error.render().to_string();
            let short = page.find(help::SHORT).map(|at| page[at..].to_owned());
            Some(Job::Print(short.unwrap_or(page).into_bytes()))
        }
        _ => None,
    }
}
