//! What other tools call an option, and what it is called here.

/// Names that other tools use, the option that does it here, and what else there is to say.
///
/// One that is not there is not named. Short options have their dash.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("token access-token auth-token bearer-token api-token jwt oauth2-bearer", "bearer", ""),
    ("password passwd username login basic basic-auth digest ntlm", "user", "it takes `NAME:PASS`"),
    ("message messages msg data data-raw data-binary text body command payload preamble init raw -d", "execute", ""),
    ("send exec say write eval initial-message", "execute", ""),
    (
        "ping pings keepalive keep-alive keepalive-time ws-ping-interval",
        "ping-interval",
        "`wsprobe ping` measures round trips",
    ),
    ("ping every -i", "interval", ""),
    (
        "include headers-out show-headers show-header dump-header print print-headers response-headers head debug trace-config -I -D",
        "verbose",
        "",
    ),
    ("headers add-header custom-header extra-header rpc-header reflect-header", "header", ""),
    ("silent no-messages", "quiet", ""),
    ("max-time overall-timeout time-limit", "timeout", ""),
    ("timeout max-time overall-timeout time-limit duration -w", "deadline", ""),
    ("timeout max-time overall-timeout time-limit deadline -z", "duration", ""),
    ("open-timeout dial-timeout", "connect-timeout", ""),
    ("trace trace-ascii hexdump packets dump wire", "frames", ""),
    ("log log-file logfile save save-to write-to har capture tee", "record", ""),
    ("time timestamp timings with-time date", "timestamps", ""),
    ("print-ping-rtts show-pings show-ping", "show-ping-pong", ""),
    ("format formatted indent pretty-print prettify json-pretty jspp", "pretty", ""),
    ("colour colours colors monochrome", "color", ""),
    ("hex base64 base64-text", "output", "it takes `hex` or `base64`"),
    (
        "compression compressed deflate permessage-deflate per-message-deflate no-compress no-compression",
        "compress",
        "",
    ),
    ("max-payload max-size max-message-size max-msg-size max-msg-sz buffer-size", "max-message", ""),
    ("max-messages limit num -N", "count", ""),
    ("once first single one-message", "one", ""),
    ("linger eof-wait eof-timeout wait-for no-close", "wait", ""),
    ("unidirectional no-stdin listen-only read-only readonly receive recv recv-only", "receive-only", ""),
    ("follow follow-redirects redirect redirects max-redirs -F", "location", ""),
    ("user-agent-string useragent agent ua", "user-agent", ""),
    ("cookies cookie-jar cookie-file", "cookie", ""),
    ("host-header vhost", "host", ""),
    ("sub-protocol ws-protocol protocols proto", "subprotocol", ""),
    ("ca-cert ca-certs ca-file ca-certificate cafile capath root-ca rootca", "cacert", ""),
    ("client-cert client-certificate certificate cert-file client-pkcs12-der p12 pfx -E", "cert", ""),
    ("private-key client-key cert-key key-file keyfile", "key", ""),
    ("key-pass keypass key-password cert-password client-pkcs12-passwd", "passphrase", ""),
    ("servername server-name tls-domain tls-hostname authority", "sni", ""),
    ("tlsv1.2 tlsv1.3 tls tls-version ssl min-tls-version", "tls-min", "`--tls-max` limits it from above"),
    ("pinned-pubkey fingerprint", "pin", ""),
    (
        "no-verify skip-verify verify tls-skip-verify no-check-certificate allow-insecure accept-invalid-certs",
        "cacert",
        "`-k` checks nothing",
    ),
    (
        "socks socks4 socks5 socks5-hostname http-proxy https-proxy preproxy",
        "proxy",
        "it takes `socks5://HOST:PORT` too",
    ),
    ("proxy-user proxy-auth", "proxy", "it takes `http://USER:PASS@HOST:PORT`"),
    ("unix uds socket", "unix-socket", ""),
    ("bind bind-address local-address local-addr source source-address", "interface", ""),
    ("ip dns dns-servers tcp-host", "resolve", ""),
    ("retry retries autoreconnect auto-reconnect", "reconnect", ""),
    ("retry-delay retry-interval backoff autoreconnect-delay-millis", "reconnect-delay", ""),
    ("retry-connrefused wait-server", "wait-for-server", ""),
    ("auto-reply autoreply respond answer", "reply", ""),
    ("auto-reply autoreply respond answer reply mock on", "script", "its rules answer what comes"),
    ("assert match grep", "expect", ""),
    ("separator eol line-separator", "delimiter", ""),
    ("slurp whole-stdin all", "whole", ""),
    ("throttle rate-limit qps", "rate", ""),
    ("concurrency clients users parallel -c", "connections", ""),
    ("users concurrency clients parallel connections", "", "`wsprobe load -c N URL` opens many connections"),
    ("server serve server-mode port", "", "`wsprobe listen PORT` is the server"),
    ("script", "", "`wsprobe run FILE` plays scripts"),
    ("profile alias name", "", "`wsprobe profile add NAME URL` keeps a URL under a name, `wsprobe @NAME` uses it"),
    ("schema json-schema", "", "`wsprobe generate schema` prints it"),
    ("help-json", "", "`wsprobe help --json` prints it"),
    ("url", "", "the URL stands alone: `wsprobe URL`"),
    ("request method get post -X", "", "the request of a WebSocket is always a GET"),
    ("plaintext no-tls", "", "`ws://` in the URL means without TLS"),
    ("jq filter", "", "pipe stdout to jq: `wsprobe -j URL | jq`"),
];

/// The advice for an option of another tool: `did you mean …?`, with these dashes before its name.
///
/// `has` tells which options there are; those without a name are advice for who can type another command.
pub(crate) fn advice(typed: &str, dashes: &str, has: &dyn Fn(&str) -> bool) -> Option<String> {
    let name = typed.strip_prefix("--").unwrap_or(typed);
    let mut rows = OPTIONS.iter().filter(|(names, ..)| names.split(' ').any(|known| known == name));
    rows.find(|(_, option, _)| has(option)).map(|(_, option, more)| match (option.is_empty(), more.is_empty()) {
        (true, _) => more.to_string(),
        (false, true) => format!("did you mean `{dashes}{option}`?"),
        (false, false) => format!("did you mean `{dashes}{option}`? ({more})"),
    })
}
