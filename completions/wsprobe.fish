# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wsprobe_global_optspecs
    string join \n c/connect= l/listen= x/execute= i/interactive b/binary escapes delimiter= 0/null keep-newline whole chunk= r/receive-only json-input rate= reply= echo j/json output= record= record-secrets t/timestamps= P/show-ping-pong pretty= color= no-color vi frames q/quiet v/verbose w/wait= wait-idle= 1/one count= until= timeout= expect= expect-json= exit-on-close close-code= close-reason= close-timeout= H/header= s/subprotocol= o/origin= host= A/user-agent= cookie= u/user= bearer= netrc netrc-file= L/location insecure-redirect max-redirects= k/insecure cacert= cert= key= passphrase= sni= tls-min= tls-max= pin= proxy= no-proxy= unix-socket= resolve= connect-to= interface= 4/ipv4 6/ipv6 connect-timeout= handshake-timeout= wait-for-server= ping-interval= ping-timeout= heartbeat= heartbeat-interval= no-pong reconnect= reconnect-delay= max-message= compress= compress-options= fragment= http2= http2-prior-knowledge http1.1 p/protocol= slash h/help V/version
end

function __fish_wsprobe_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wsprobe_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wsprobe_using_subcommand
    set -l cmd (__fish_wsprobe_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wsprobe -n "__fish_wsprobe_needs_command" -s c -l connect -d 'The same as URL, for command lines written for wscat' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s l -l listen -d 'The same as `wsprobe listen PORT`, for command lines written for wscat' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s x -l execute -d 'Send this message first; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l delimiter -d 'Split stdin into messages at this string instead of at line ends' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l chunk -d 'Split stdin into binary messages of this size' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l rate -d 'Send at most N messages in TIME, evenly spread: `10`, `10/s`, `100/1m`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l reply -d 'Answer each text message that matches; repeat it for more: `--reply \'^ping (.*)\' \'pong $1\'`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l output -d 'How to print messages' -r -f -a "auto\t''
text\t''
hex\t''
base64\t''
raw\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l record -d 'Also write every event to this file, as JSON records' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s t -l timestamps -d 'Print the time before each message' -r -f -a "utc\t''
local\t''
delta\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l pretty -d 'Indent JSON that does not fit on a line' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s w -l wait -d 'Receive this long after the input, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l wait-idle -d 'After the input, receive until nothing has arrived for this long: 1s by default' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l count -d 'End after this many received messages' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l until -d 'End after a text message that matches' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l timeout -d 'Limit the whole run, connecting included' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l expect -d 'Exit with 1 unless a text message matches' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l expect-json -d 'Exit with 1 unless a JSON message has this path (and this value there)' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l close-code -d 'The code of wsprobe\'s Close (RFC 6455, section 7.4): 1000-1003, 1007-1014, 3000-4999' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l close-reason -d 'The reason of wsprobe\'s Close, at most 123 bytes' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l close-timeout -d 'Stop waiting for the server\'s Close after this long' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l connect-timeout -d 'Fail if connecting takes longer than this' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l handshake-timeout -d 'Fail if the server does not answer the opening request in this time' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l wait-for-server -d 'Wait this long for the server to come up, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l ping-interval -d 'Ping the server this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l ping-timeout -d 'Fail if nothing arrives for this long after a ping' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l heartbeat -d 'Send this message at regular intervals' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l heartbeat-interval -d 'The time between heartbeats, 30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l reconnect -d 'Connect again when the connection is lost' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l reconnect-delay -d 'Wait between attempts: 0.5s..30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l compress -d 'Compress messages (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l compress-options -d 'Offer these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l fragment -d 'Send messages in frames of at most this size' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l http2 -d 'Use HTTP/2 if the server takes WebSockets over it (RFC 8441)' -r -f -a "auto\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s p -l protocol -d 'The version of the protocol; only 13 is supported' -r
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s i -l interactive -d 'After `-x`, continue with stdin: the prompt on a terminal, the pipe otherwise'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s b -l binary -d 'Send binary messages'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l escapes -d 'Interpret `\\n \\r \\t \\0 \\xNN \\u{N} \\\\` in input'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s 0 -l null -d 'Split stdin at NUL bytes, and print one after each received text message'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l keep-newline -d 'Send the delimiter as part of each message'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l whole -d 'Send all of stdin as one message'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s r -l receive-only -d 'Only listen: never read stdin'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l json-input -d 'Read JSON records from stdin, one per line, and send their messages'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l echo -d 'Send every message back, with its type; stdin is not read'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s j -l json -d 'Print a JSON record for each event, in and out'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l record-secrets -d 'Keep secrets in records'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s P -l show-ping-pong -d 'Show pings and pongs'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l vi -d 'Edit lines at the prompt as vi does'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l frames -d 'Show each frame on the wire, in both directions'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s q -l quiet -d 'Print only errors on stderr'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s v -l verbose -d 'Show the handshake; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s 1 -l one -d 'End after the first message'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l exit-on-close -d 'Leave the prompt when the connection closes, even while a line is being typed'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l no-pong -d 'Do not answer pings'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l http2-prior-knowledge -d 'Use HTTP/2 without asking the server first, for ws:// too'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l http1.1 -d 'Use HTTP/1.1; this is the default'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -l slash -d 'Slash commands always work at the prompt; this option is for command lines written for wscat'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -s V -l version -d 'Print version'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "demo" -d 'Try it out: connect to a built-in echo server'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "curl" -d 'Connect with a curl command line, copied from a browser\'s developer tools'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "listen" -d 'Be the server: a prompt, a pipe, echo, broadcast, or a command for each client'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "run" -d 'Test a server with scripts: conversations with expectations, one step per line'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "ping" -d 'Measure how long a server takes to open a connection and to answer'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "check" -d 'Check which rules of the RFCs a server keeps'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "replay" -d 'Send a recording of `--record` again, with its timing'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "record-to-script" -d 'Convert a recording to a script for `wsprobe run`'
complete -c wsprobe -n "__fish_wsprobe_needs_command" -a "generate" -d 'Print shell completions or a man page'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s x -l execute -d 'Send this message first; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l delimiter -d 'Split stdin into messages at this string instead of at line ends' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l chunk -d 'Split stdin into binary messages of this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l rate -d 'Send at most N messages in TIME, evenly spread: `10`, `10/s`, `100/1m`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l reply -d 'Answer each text message that matches; repeat it for more: `--reply \'^ping (.*)\' \'pong $1\'`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l output -d 'How to print messages' -r -f -a "auto\t''
text\t''
hex\t''
base64\t''
raw\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l record -d 'Also write every event to this file, as JSON records' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s t -l timestamps -d 'Print the time before each message' -r -f -a "utc\t''
local\t''
delta\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l pretty -d 'Indent JSON that does not fit on a line' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s w -l wait -d 'Receive this long after the input, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l wait-idle -d 'After the input, receive until nothing has arrived for this long: 1s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l count -d 'End after this many received messages' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l until -d 'End after a text message that matches' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l timeout -d 'Limit the whole run, connecting included' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l expect -d 'Exit with 1 unless a text message matches' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l expect-json -d 'Exit with 1 unless a JSON message has this path (and this value there)' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l close-code -d 'The code of wsprobe\'s Close (RFC 6455, section 7.4): 1000-1003, 1007-1014, 3000-4999' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l close-reason -d 'The reason of wsprobe\'s Close, at most 123 bytes' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l close-timeout -d 'Stop waiting for the server\'s Close after this long' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l connect-timeout -d 'Fail if connecting takes longer than this' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l handshake-timeout -d 'Fail if the server does not answer the opening request in this time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l wait-for-server -d 'Wait this long for the server to come up, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l ping-interval -d 'Ping the server this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l ping-timeout -d 'Fail if nothing arrives for this long after a ping' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l heartbeat -d 'Send this message at regular intervals' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l heartbeat-interval -d 'The time between heartbeats, 30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l reconnect -d 'Connect again when the connection is lost' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l reconnect-delay -d 'Wait between attempts: 0.5s..30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l compress -d 'Compress messages (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l compress-options -d 'Offer these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l fragment -d 'Send messages in frames of at most this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l http2 -d 'Use HTTP/2 if the server takes WebSockets over it (RFC 8441)' -r -f -a "auto\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s p -l protocol -d 'The version of the protocol; only 13 is supported' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s i -l interactive -d 'After `-x`, continue with stdin: the prompt on a terminal, the pipe otherwise'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s b -l binary -d 'Send binary messages'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l escapes -d 'Interpret `\\n \\r \\t \\0 \\xNN \\u{N} \\\\` in input'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s 0 -l null -d 'Split stdin at NUL bytes, and print one after each received text message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l keep-newline -d 'Send the delimiter as part of each message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l whole -d 'Send all of stdin as one message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s r -l receive-only -d 'Only listen: never read stdin'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l json-input -d 'Read JSON records from stdin, one per line, and send their messages'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l echo -d 'Send every message back, with its type; stdin is not read'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s j -l json -d 'Print a JSON record for each event, in and out'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l record-secrets -d 'Keep secrets in records'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s P -l show-ping-pong -d 'Show pings and pongs'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l vi -d 'Edit lines at the prompt as vi does'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l frames -d 'Show each frame on the wire, in both directions'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s q -l quiet -d 'Print only errors on stderr'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s v -l verbose -d 'Show the handshake; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s 1 -l one -d 'End after the first message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l exit-on-close -d 'Leave the prompt when the connection closes, even while a line is being typed'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l no-pong -d 'Do not answer pings'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l http2-prior-knowledge -d 'Use HTTP/2 without asking the server first, for ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l http1.1 -d 'Use HTTP/1.1; this is the default'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -l slash -d 'Slash commands always work at the prompt; this option is for command lines written for wscat'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand curl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l exec -d 'Run a command for each client, one message per line' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l script -d 'Run a script with each client, as its server' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l var -d 'Give a variable a value: `--var url=ws://localhost:8080`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l vars -d 'Take variables from a file: TOML, JSON or .env, according to its name' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l replay -d 'Replay the server\'s part of a recording to each client; stdin is not read' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l speed -d 'How fast `--replay` plays: `2x`, `0.5x`, or `max` for no pauses' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l ignore -d 'Ignore differences at this JSONPath; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l send -d 'Send this to each client when it connects; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l send-file -d 'Send the contents of this file, as text if they are UTF-8; after `--send`' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l every -d 'Send a message to all clients at regular intervals: `--every 1s tick`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l delimiter -d 'Split stdin into messages at this string instead of at line ends' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l chunk -d 'Split stdin into binary messages of this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l output -d 'How to print messages' -r -f -a "auto\t''
text\t''
hex\t''
base64\t''
raw\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l record -d 'Also write every event to this file, as JSON records' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s t -l timestamps -d 'Print the time before each message' -r -f -a "utc\t''
local\t''
delta\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l pretty -d 'Indent JSON that does not fit on a line' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l path -d 'Serve only this path; others get 404' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l origin -d 'Accept only pages of this origin; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l host -d 'Accept this host name too; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l auth -d 'Accept only clients with these credentials (Basic); others get 401' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l bearer -d 'Accept only clients with this bearer token; others get 401' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s s -l subprotocol -d 'Choose this subprotocol if it is offered; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s H -l header -d 'Add a header to each response, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l compress -d 'Compress messages for clients that offer it (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l compress-options -d 'Answer with these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l refuse -d 'Refuse every handshake with this status: `503`, `401:log in first`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l delay -d 'Wait this long before each response' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l tls-cert -d 'Serve wss:// with this certificate and its chain (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l tls-key -d 'The key of the certificate (PEM, without a passphrase)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l client-ca -d 'Accept only clients with a certificate of these authorities (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l max-clients -d 'Accept at most this many clients at once; others get 503' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l ping-interval -d 'Send each client a ping this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l ping-timeout -d 'Drop a client when nothing arrives for this long after a ping: 10s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l handshake-timeout -d 'Allow a client this long for its request, TLS included' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l close-timeout -d 'Stop waiting for a client\'s Close after this long' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l echo -d 'Send every message back, with its type; stdin is not read'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l broadcast -d 'Send each client\'s messages to all others; stdin is not read'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l compare -d 'Exit with 1 unless all clients send what was recorded'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s b -l binary -d 'Send binary messages'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l escapes -d 'Interpret `\\n \\r \\t \\0 \\xNN \\u{N} \\\\` in input'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s 0 -l null -d 'Split stdin at NUL bytes, and print one after each received text message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l keep-newline -d 'Send the delimiter as part of each message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l whole -d 'Send all of stdin as one message'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s r -l receive-only -d 'Only listen: never read stdin'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l json-input -d 'Read JSON records from stdin, one per line, and send their messages'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s j -l json -d 'Print a JSON record for each event, in and out'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l record-secrets -d 'Keep secrets in records'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s P -l show-ping-pong -d 'Show pings and pongs'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l vi -d 'Edit lines at the prompt as vi does'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l frames -d 'Show each frame on the wire, in both directions'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s q -l quiet -d 'Print only errors on stderr'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s v -l verbose -d 'Show the handshake; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l no-page -d 'Answer a browser with 426 instead of a page to try the server with'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -l tls-self-signed -d 'Serve wss:// with a newly generated certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l var -d 'Give a variable a value: `--var url=ws://localhost:8080`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l vars -d 'Take variables from a file: TOML, JSON or .env, according to its name' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l jobs -d 'Run this many files at once: by default, one per CPU' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l repeat -d 'Run each file this many times' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l filter -d 'Run only files whose path contains this; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l timeout -d 'Limit the time of each file, all of its steps together' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l close-timeout -d 'Stop waiting for a server\'s Close after this long' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l report -d 'Write a report: `tap`, `junit FILE` or `json FILE`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l record -d 'Write a JSON record for each event of all connections to this file' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l connect-timeout -d 'Fail if connecting takes longer than this' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l handshake-timeout -d 'Fail if the server does not answer the opening request in this time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l wait-for-server -d 'Wait this long for the server to come up, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l ping-interval -d 'Ping the server this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l ping-timeout -d 'Fail if nothing arrives for this long after a ping' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l heartbeat -d 'Send this message at regular intervals' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l heartbeat-interval -d 'The time between heartbeats, 30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l compress -d 'Compress messages (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l compress-options -d 'Offer these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l fragment -d 'Send messages in frames of at most this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l http2 -d 'Use HTTP/2 if the server takes WebSockets over it (RFC 8441)' -r -f -a "auto\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l check -d 'Only check the scripts: nothing connects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l fmt -d 'Format the scripts: write them in their canonical form'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l fail-fast -d 'End the run when a file has failed'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l record-secrets -d 'Leave secrets in the record as they are'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l frames -d 'Show each frame on the wire, in both directions'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s q -l quiet -d 'Show only failures'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s v -l verbose -d 'Show each step and the handshakes; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l no-pong -d 'Do not answer pings'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l http2-prior-knowledge -d 'Use HTTP/2 without asking the server first, for ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -l http1.1 -d 'Use HTTP/1.1; this is the default'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l count -d 'Stop after this many pings; without it, Ctrl-C stops it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l interval -d 'Wait this long from one ping to the next, at least 10ms' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l deadline -d 'Stop after this long, connecting included' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l size -d 'The payload of each ping, in bytes: 0 to 125' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s x -l execute -d 'Send this message beside each ping, and time its answer' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l match -d 'Which message is the answer to `-x`: REGEX or json:PATH' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l connect-timeout -d 'Fail if connecting takes longer than this' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l handshake-timeout -d 'Fail if the server does not answer the opening request in this time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l wait-for-server -d 'Wait this long for the server to come up, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l ping-interval -d 'Ping the server this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l ping-timeout -d 'Fail if nothing arrives for this long after a ping' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l heartbeat -d 'Send this message at regular intervals' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l heartbeat-interval -d 'The time between heartbeats, 30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l reconnect -d 'Connect again when the connection is lost' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l reconnect-delay -d 'Wait between attempts: 0.5s..30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l compress -d 'Compress messages (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l compress-options -d 'Offer these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l fragment -d 'Send messages in frames of at most this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l http2 -d 'Use HTTP/2 if the server takes WebSockets over it (RFC 8441)' -r -f -a "auto\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s p -l protocol -d 'The version of the protocol; only 13 is supported' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l reconnect-each -d 'Open a connection for each ping, and time that too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s q -l quiet -d 'Print only the summary'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s j -l json -d 'Print a JSON record for the connection, for each ping and for the summary'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s v -l verbose -d 'Show the handshake on stderr; twice: TLS too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l no-pong -d 'Do not answer pings'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l http2-prior-knowledge -d 'Use HTTP/2 without asking the server first, for ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l http1.1 -d 'Use HTTP/1.1; this is the default'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -l slash -d 'Slash commands always work at the prompt; this option is for command lines written for wscat'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l show -d 'Print a case as a script for `wsprobe run`; nothing connects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l only -d 'Run only these cases; repeat it for more: `--only \'utf8/*\'`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l skip -d 'Skip these cases; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s x -l execute -d 'Send this text message first on each connection; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l rate -d 'Open at most this many connections in a time: `10`, `10/s`, `100/1m`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s w -l wait -d 'Wait this long for each reaction' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l vanish -d 'Also check whether the server notices a client that answers nothing, within this time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l report -d 'Write a report: `tap`, `junit FILE` or `json FILE`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l connect-timeout -d 'Give up if there is no connection in time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l handshake-timeout -d 'Give up if the server does not answer the first opening request in time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l wait-for-server -d 'Wait this long for the server to start, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l list -d 'List the cases, with what each sends and expects; nothing connects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l strict -d 'Exit with 1 if a SHOULD is broken too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l echo -d 'The server echoes: also run the cases that compare what comes back'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l malformed -d 'Also send frames that break the rules'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l limits -d 'Also send large messages and many of them, up to 16 MiB'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l authorized -d 'The owner of a server on the public network agrees to `--malformed` and `--limits`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l frames -d 'Show the requests and frames of the cases, both ways'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s q -l quiet -d 'Print only failed cases'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s v -l verbose -d 'Show the handshake of the first connection; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l speed -d 'How fast: `2x`, `0.5x`, or `max` for no pauses' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l ignore -d 'Ignore differences of JSON answers here; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l client -d 'Send this client\'s part of a recording of `listen`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s w -l wait -d 'Wait this long for each recorded answer, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l timeout -d 'Limit the whole run, connecting included' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l close-timeout -d 'Stop waiting for the server\'s Close after this long' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l output -d 'How to print messages' -r -f -a "auto\t''
text\t''
hex\t''
base64\t''
raw\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l record -d 'Also write every event to this file, as JSON records' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s t -l timestamps -d 'Print the time before each message' -r -f -a "utc\t''
local\t''
delta\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l pretty -d 'Indent JSON that does not fit on a line' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l color -d 'Use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s H -l header -d 'Add a header, `\'Name: value\'`; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s s -l subprotocol -d 'Offer a subprotocol; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s o -l origin -d 'Send this Origin' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l host -d 'Send this Host instead of the URL\'s' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s A -l user-agent -d 'Send this User-Agent' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l cookie -d 'Send a cookie; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s u -l user -d 'Authenticate; asks for a missing password' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l bearer -d 'Authenticate with a bearer token' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l netrc-file -d 'Take user and password from this file, in netrc\'s format' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l max-redirects -d 'Follow at most this many redirects' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l cacert -d 'Trust these certificate authorities (PEM) instead of the system\'s' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l cert -d 'Authenticate with this client certificate' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l key -d 'The private key of `--cert` (PEM)' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l passphrase -d 'The passphrase of the key or the PKCS #12 file' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l sni -d 'Request this server name, and check the certificate for it' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l tls-min -d 'Use this version of TLS or a newer one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l tls-max -d 'Use this version of TLS or an older one' -r -f -a "1.2\t''
1.3\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l pin -d 'Require this public key of the server' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l proxy -d 'Connect through this proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l no-proxy -d 'Hosts to connect to without a proxy' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l unix-socket -d 'Connect to this Unix socket; the URL only determines the request' -r -F
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l resolve -d 'Use this address for a name; repeat it for more' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l connect-to -d 'Connect to another host, `HOST1:PORT1:HOST2:PORT2`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l interface -d 'Connect from this address or interface' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l connect-timeout -d 'Fail if connecting takes longer than this' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l handshake-timeout -d 'Fail if the server does not answer the opening request in this time' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l wait-for-server -d 'Wait this long for the server to come up, or `forever`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l ping-interval -d 'Ping the server this often, or `off`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l ping-timeout -d 'Fail if nothing arrives for this long after a ping' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l heartbeat -d 'Send this message at regular intervals' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l heartbeat-interval -d 'The time between heartbeats, 30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l reconnect -d 'Connect again when the connection is lost' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l reconnect-delay -d 'Wait between attempts: 0.5s..30s by default' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l max-message -d 'Refuse larger messages, with a Close 1009' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l compress -d 'Compress messages (permessage-deflate)' -r -f -a "auto\t''
off\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l compress-options -d 'Offer these parameters of permessage-deflate' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l fragment -d 'Send messages in frames of at most this size' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l http2 -d 'Use HTTP/2 if the server takes WebSockets over it (RFC 8441)' -r -f -a "auto\t''
required\t''"
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s p -l protocol -d 'The version of the protocol; only 13 is supported' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l compare -d 'Exit with 1 unless the same answers arrive'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s j -l json -d 'Print a JSON record for each event, in and out'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l record-secrets -d 'Keep secrets in records'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s P -l show-ping-pong -d 'Show pings and pongs'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l no-color -d 'The same as `--color never`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l vi -d 'Edit lines at the prompt as vi does'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l frames -d 'Show each frame on the wire, in both directions'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s q -l quiet -d 'Print only errors on stderr'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s v -l verbose -d 'Show the handshake; twice: TLS and timing too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l netrc -d 'Take user and password from `~/.netrc`'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s L -l location -d 'Follow redirects'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l insecure-redirect -d 'Follow redirects from wss:// to ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s k -s n -l insecure -d 'Do not check the server\'s certificate'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l no-pong -d 'Do not answer pings'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l http2-prior-knowledge -d 'Use HTTP/2 without asking the server first, for ws:// too'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l http1.1 -d 'Use HTTP/1.1; this is the default'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -l slash -d 'Slash commands always work at the prompt; this option is for command lines written for wscat'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand record-to-script" -l client -d 'Use this client\'s part of a recording of `listen`' -r
complete -c wsprobe -n "__fish_wsprobe_using_subcommand record-to-script" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand generate; and not __fish_seen_subcommand_from completions man" -s h -l help -d 'Print help'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand generate; and not __fish_seen_subcommand_from completions man" -f -a "completions" -d 'Completions for a shell'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand generate; and not __fish_seen_subcommand_from completions man" -f -a "man" -d 'A manual page in troff: that of a command, or that of wsprobe'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c wsprobe -n "__fish_wsprobe_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
