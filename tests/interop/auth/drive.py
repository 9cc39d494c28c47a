"""User name and password with real parts: Apache's Digest and Basic before a WebSocket server, squid's Digest, NTLM and Basic
as a proxy, pyspnego's NTLM as a WebSocket server; and curl, requests and httpx against `wsprobe listen --auth-digest`.

usage: drive.py WSPROBE CA CERTIFICATE KEY
"""

import base64
import contextlib
import hashlib
import os
import pathlib
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

import httpx
import requests
import spnego
from requests.auth import HTTPDigestAuth

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from cases import case, equal, holds, run_all
from program import Failed

WSPROBE, CA, CERTIFICATE, KEY = sys.argv[1:]
PATIENCE = 60
MODULES = "/usr/lib/apache2/modules"
SQUID = "/usr/lib/squid"
# By this address, Linux reaches this machine, and nothing says that it is this one.
FAR = "0.0.0.0"
REALM = "a realm, of tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(*command, port, log, **options):
    """A server; its port is its own once it listens there."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        deadline = time.monotonic() + PATIENCE
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{command[0]} does not listen: {log.read_text() if log.exists() else ''}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def listening(*args):
    """`wsprobe listen` with these arguments; its port."""
    command = [WSPROBE, "listen", "127.0.0.1:0", *args]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        port = int(re.search(r"wss?://\S+?:(\d+)", server.stderr.readline()).group(1))
        threading.Thread(target=server.stderr.read, daemon=True).start()
        try:
            yield port
        finally:
            server.kill()


def wsprobe(*args, code=0):
    """What a run prints, and what it says."""
    ran = subprocess.run([WSPROBE, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if ran.returncode != code:
        raise Failed(f"exit status {ran.returncode} of {' '.join(args)}: {ran.stderr}")
    if re.search(r"sesame|c2VzYW1l|[Aa]uthorization: \S+ [^*]", ran.stderr):
        raise Failed(f"a secret is shown: {ran.stderr}")
    return ran.stdout, ran.stderr


def hello(url, *args):
    """Says hello to an echo, and tells by which schemes it was asked to do so."""
    said, talk = wsprobe("-v", "-1", "-x", "hello", *args, url)
    equal(said, "hello\n")
    return schemes(talk, "Authorization")


def schemes(talk, field):
    """The scheme of each request, or a dash."""
    requests = re.findall(r"(?:^> .*\n)+", talk, re.M)
    requests = [request for request in requests if request.startswith("> CONNECT") == (field == "Proxy-Authorization")]
    found = (re.search(f"^> {field}: (\\S+)", request, re.M) for request in requests)
    return " ".join(scheme.group(1) if scheme else "-" for scheme in found)


def users(dir, *lines):
    """Those whom pyspnego knows, as `DOMAIN:USER:PASSWORD`."""
    (dir / "users").write_text("".join(line + "\n" for line in lines))
    os.environ["NTLM_USER_FILE"] = str(dir / "users")


def acceptor():
    return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def step(context, token):
    """The next message in base64, or none and who it is."""
    answer = context.step(base64.b64decode(token))
    if context.complete:
        return None, context.client_principal
    return base64.b64encode(answer).decode(), None


def ha1(user, realm, password):
    return f"{user}:{realm}:" + hashlib.md5(f"{user}:{realm}:{password}".encode()).hexdigest() + "\n"


def hashed(user, password):
    ran = subprocess.run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True, check=True)
    return f"{user}:{ran.stdout}"


@contextlib.contextmanager
def apache(dir, backend, digest_options=""):
    """Apache before a server: /digest, /basic and /both ask for a password."""
    dir.chmod(0o755)
    (dir / "digest").write_text(ha1("me", REALM, "sesame") + ha1("jürgen", REALM, "sesame"))
    (dir / "basic").write_text(hashed("me", "sesame"))
    port = free_port()
    names = {"authn_core": "authn_core", "authn_file": "authn_file", "authz_core": "authz_core", "authz_user": "authz_user",
             "auth_basic": "auth_basic", "auth_digest": "auth_digest", "proxy": "proxy", "proxy_wstunnel": "proxy_wstunnel",
             "proxy_http": "proxy_http", "mpm_event": "mpm_event"}
    loads = "".join(f"LoadModule {name}_module {MODULES}/mod_{file}.so\n" for name, file in names.items())
    digest = f"""AuthType Digest
        AuthName "{REALM}"
        AuthDigestProvider file
        AuthUserFile {dir}/digest
        {digest_options}
        Require valid-user
        ProxyPass ws://127.0.0.1:{backend}/"""
    (dir / "config").write_text(f"""{loads}
        ServerRoot {dir}
        ServerName localhost
        DefaultRuntimeDir {dir}
        {"User nobody" if os.getuid() == 0 else ""}
        PidFile {dir}/pid
        ErrorLog {dir}/log
        LogLevel auth_digest:info
        Listen 0.0.0.0:{port}
        <Location "/digest">
        {digest}
        </Location>
        <Location "/basic">
        AuthType Basic
        AuthName "a realm"
        AuthBasicProvider file
        AuthUserFile {dir}/basic
        Require valid-user
        ProxyPass ws://127.0.0.1:{backend}/
        </Location>
        """)
    with running("/usr/sbin/apache2", "-f", str(dir / "config"), "-DFOREGROUND", port=port, log=dir / "log"):
        yield port


@case
def apaches_digest_and_basic(dir):
    with listening("--echo") as backend, apache(dir, backend) as port:
        near, far = f"ws://127.0.0.1:{port}", f"ws://{FAR}:{port}"
        login = ("-u", "me:sesame")
        equal(hello(f"{near}/digest?a=b%20c&d=\"e\"", *login), "Basic Digest")
        equal(hello(f"{far}/digest?a=b%20c", *login), "- Digest")
        equal(hello(f"{near}/digest", *login, "--digest"), "- Digest")
        equal(hello(f"{near}/digest", *login, "--anyauth"), "- Digest")
        equal(hello(f"{near}/digest", "-u", "jürgen:sesame", "--digest"), "- Digest")
        equal(hello(f"{near}/basic", *login), "Basic")
        equal(hello(f"{far}/basic", *login), "- Basic")
        equal(hello(f"{near}/basic", *login, "--anyauth"), "- Basic")
        for path, args, why in [
            ("digest", ["-u", "me:wrong", "--digest"], "it refused the user name or password"),
            ("digest", ["-u", "you:sesame"], "it refused the user name or password"),
            ("basic", ["-u", "me:wrong"], "it refused the user name or password"),
            ("digest", [*login, "--basic"], "it offers Digest, which the options do not allow"),
            ("basic", [*login, "--digest"], "it offers Basic, which the options do not allow"),
        ]:
            _, talk = wsprobe(*args, f"{near}/{path}", code=4)
            holds(talk, f"401 Unauthorized instead of switching to WebSocket ({why})")


@case
def a_nonce_of_apaches_that_has_become_stale(dir):
    with listening("--echo") as backend, apache(dir, backend, "AuthDigestNonceLifetime 1") as port:
        url = f"ws://127.0.0.1:{port}/digest"
        said, _ = wsprobe("ping", "--reconnect-each", "-c", "3", "--interval", "2s", "-u", "me:sesame", "--digest", url)
        holds(said, "3 pings")
    log = (dir / "log").read_text()
    equal(log.count("nonce expired"), 2)


@case
def load_and_check_before_apache(dir):
    with listening("--echo") as backend, apache(dir, backend) as port:
        url = f"ws://{FAR}:{port}/digest"
        login = ("-u", "me:sesame")
        said, _ = wsprobe("load", "-c", "5", "--duration", "1s", "-x", "a", *login, url)
        holds(said, "5 opened")
        _, said = wsprobe("check", "--only", "origin/none", "--only", "origin/anonymous", *login, url)
        holds(said, "let in: HTTP/1.1 101")
        holds(said, "not let in: HTTP/1.1 401")


@contextlib.contextmanager
def squid(dir, *asked, helper=""):
    """squid that asks with these schemes; what NTLM means is asked of a helper at this address."""
    dir.chmod(0o755)
    (dir / "digest").write_text(ha1("me", "squid", "sesame"))
    (dir / "basic").write_text(hashed("me", "sesame"))
    # As root, squid becomes another user, who may have no way to this Python.
    (dir / "ntlm").write_text(f"#!/bin/bash\nexec 3<>/dev/tcp/{helper}\ncat <&3 &\nexec cat >&3\n")
    (dir / "ntlm").chmod(0o755)
    helpers = {
        "digest": [f"program {SQUID}/digest_file_auth -c {dir}/digest", "realm squid", "children 1"],
        "ntlm": [f"program {dir}/ntlm", "children 1 startup=1"],
        "basic": [f"program {SQUID}/basic_ncsa_auth {dir}/basic", "realm squid", "children 1"],
    }
    lines = "".join(f"auth_param {scheme} {line}\n" for scheme in asked for line in helpers[scheme])
    port = free_port()
    (dir / "config").write_text(f"""http_port 0.0.0.0:{port}
{lines}acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
pid_filename none
access_log none
cache_log {dir}/log/cache
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
""")
    (dir / "log").mkdir()
    (dir / "log").chmod(0o777)
    command = ["/usr/sbin/squid", "-N", "-f", dir / "config"]
    with running(*command, port=port, log=dir / "log" / "cache", stdout=-3, stderr=-3, cwd=dir):
        yield port


def through(port, user, *args, host="127.0.0.1"):
    with listening("--echo") as server:
        proxy = f"http://{user}@{host}:{port}"
        said, talk = wsprobe("-v", "-1", "-x", "hello", "--proxy", proxy, *args, f"ws://127.0.0.1:{server}/")
        equal(said, "hello\n")
        return schemes(talk, "Proxy-Authorization")


def refused_by(port, user, *args):
    _, talk = wsprobe("--proxy", f"http://{user}@127.0.0.1:{port}", *args, "ws://127.0.0.1:1/", code=3)
    return re.search(r"\(([^()]*)\)$", talk.splitlines()[0]).group(1)


@case
def squids_digest(dir):
    with squid(dir, "digest", "basic") as port:
        equal(through(port, "me:sesame", "--proxy-digest"), "- Digest")
        equal(through(port, "me:sesame", "--proxy-anyauth"), "- Digest")
        equal(through(port, "me:sesame", host=FAR), "- Digest")
        equal(through(port, "me:sesame"), "Basic")
        equal(refused_by(port, "me:wrong", "--proxy-anyauth"), "it refused the user name or password")
        equal(refused_by(port, "me:wrong"), "it refused the user name or password")


@case
def squids_digest_alone(dir):
    with squid(dir, "digest") as port:
        equal(through(port, "me:sesame"), "Basic Digest")
        equal(refused_by(port, "me:sesame", "--proxy-basic"), "it offers Digest, which the options do not allow")


class NtlmHelperServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class NtlmHelper(socketserver.StreamRequestHandler):
    """What squid asks of its helper (squid-2.5-ntlmssp)."""

    def handle(self):
        context = None
        for line in self.rfile:
            command, _, token = line.decode().strip().partition(" ")
            try:
                if command == "YR":
                    context = acceptor()
                said, user = step(context, token)
                answer = f"AF {user}" if user else f"TT {said}"
            except spnego.exceptions.SpnegoError:
                answer = "NA refused"
            self.wfile.write(answer.encode() + b"\n")


@case
def squids_ntlm(dir):
    with contextlib.ExitStack() as stack:
        users(dir, "CORP:me:sesame", ":me:sesame")
        helper = stack.enter_context(NtlmHelperServer(("127.0.0.1", 0), NtlmHelper))
        threading.Thread(target=helper.serve_forever, daemon=True).start()
        stack.callback(helper.shutdown)
        port = stack.enter_context(squid(dir, "ntlm", "basic", helper="127.0.0.1/%d" % helper.server_address[1]))
        equal(through(port, "CORP%5Cme:sesame", "--proxy-ntlm"), "NTLM NTLM")
        equal(through(port, "me:sesame", "--proxy-ntlm"), "NTLM NTLM")
        equal(through(port, "me:sesame", "--proxy-anyauth"), "- NTLM NTLM")
        equal(through(port, "CORP%5Cme:sesame", host=FAR), "- NTLM NTLM")
        equal(refused_by(port, "me:wrong", "--proxy-ntlm"), "it refused the user name or password")
        equal(refused_by(port, "me:sesame", "--proxy-digest"), "it offers NTLM, which the options do not allow")


class NtlmServer(socketserver.ThreadingTCPServer):
    """A WebSocket server that lets in who proves by NTLM who it is, and says who that is."""

    daemon_threads = True

    def __init__(self, offered, tls=None, closes=False):
        self.offered, self.tls, self.closes = offered, tls, closes
        self.connections = 0
        super().__init__(("127.0.0.1", 0), NtlmConnection)

    def handle_error(self, request, client_address):
        # A client that left.
        pass


class NtlmConnection(socketserver.StreamRequestHandler):
    def setup(self):
        self.server.connections += 1
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        context = acceptor()
        while head := b"".join(iter(self.rfile.readline, b"\r\n")).decode():
            given = re.search(r"^Authorization: NTLM (\S+)", head, re.M)
            said, user = None, None
            if given:
                try:
                    said, user = step(context, given.group(1))
                except spnego.exceptions.SpnegoError:
                    context = acceptor()
            if user:
                return self.welcome(head, user)
            offered = [f"NTLM {said}"] if said else self.server.offered
            fields = "".join(f"WWW-Authenticate: {value}\r\n" for value in offered)
            closes = said and self.server.closes
            fields += "Connection: close\r\n" if closes else ""
            self.wfile.write(f"HTTP/1.1 401 Unauthorized\r\n{fields}Content-Length: 3\r\n\r\nno\n".encode())
            if closes:
                return

    def welcome(self, head, user):
        key = re.search(r"^Sec-WebSocket-Key: (\S+)", head, re.M).group(1)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        name = user.encode()
        self.wfile.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            + bytes([0x81, len(name)]) + name + b"\x88\x02\x03\xe8"
        )
        self.rfile.read()


@contextlib.contextmanager
def ntlm_server(*offered, **options):
    with NtlmServer(offered, **options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server, server.server_address[1]
        server.shutdown()


@case
def ntlmv2_with_a_domain_and_without(dir):
    users(dir, "CORP:me:sesame", ":me:sesame", ":jürgen:s\u00e9same 日本")
    with ntlm_server("Negotiate", "NTLM") as (server, port):
        for user, args, expected, sent in [
            ("CORP\\me:sesame", ["--ntlm"], "CORP\\me", "NTLM NTLM"),
            ("corp/ME:sesame", ["--ntlm"], "CORP\\me", "NTLM NTLM"),
            ("me:sesame", ["--ntlm"], "me", "NTLM NTLM"),
            ("me:sesame", ["--anyauth"], "me", "- NTLM NTLM"),
            ("me:sesame", [], "me", "Basic NTLM NTLM"),
            ("jürgen:s\u00e9same 日本", ["--ntlm"], "jürgen", "NTLM NTLM"),
        ]:
            before = server.connections
            said, talk = wsprobe("-v", *args, "-u", user, f"ws://127.0.0.1:{port}/")
            equal((said.strip().lower(), schemes(talk, "Authorization")), (expected.lower(), sent))
            equal(server.connections - before, 1)
        _, talk = wsprobe("--ntlm", "-u", "me:wrong", f"ws://127.0.0.1:{port}/", code=4)
        holds(talk, "(it refused the user name or password)")
        _, talk = wsprobe("--digest", "-u", "me:sesame", f"ws://127.0.0.1:{port}/", code=4)
        holds(talk, "(it offers NTLM, which the options do not allow)")


@case
def ntlm_within_tls_and_cut_short(dir):
    users(dir, ":me:sesame")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE, KEY)
    with ntlm_server("NTLM", tls=tls) as (server, port):
        for http in [[], ["--http2"]]:
            said, talk = wsprobe("-v", "--cacert", CA, "--ntlm", "-u", "me:sesame", *http, f"wss://localhost:{port}/")
            equal((said, schemes(talk, "Authorization")), ("me\n", "NTLM NTLM"))
        equal(server.connections, 2)
    with ntlm_server("NTLM", closes=True) as (_, port):
        _, talk = wsprobe("--ntlm", "-u", "me:sesame", f"ws://127.0.0.1:{port}/", code=4)
        holds(talk, "(it closed the connection before the last message of NTLM, which has to follow on it)")


@case
def curl_requests_and_httpx_as_clients_of_ours():
    def curl(*args):
        command = ["curl", "-sS", "--cacert", CA, "-o", os.devnull, "-w", "%{http_code} %{http_version}", *args]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout

    asking = ("--echo", "--auth", "me:sesame", "--auth-digest")
    with listening(*asking, "--tls-cert", CERTIFICATE, "--tls-key", KEY) as port:
        url = f"https://localhost:{port}/a?b=c"
        for http, version in [("--http1.1", "1.1"), ("--http2", "2")]:
            equal(curl("--digest", "-u", "me:sesame", http, url), f"200 {version}")
            equal(curl("--digest", "-u", "me:wrong", http, url), f"401 {version}")
            equal(curl("--basic", "-u", "me:sesame", http, url), f"401 {version}")
        with httpx.Client(http1=False, http2=True, verify=ssl.create_default_context(cafile=CA)) as client:
            for password, status in [("sesame", 200), ("wrong", 401)]:
                answer = client.get(url, auth=httpx.DigestAuth("me", password), timeout=PATIENCE)
                equal((answer.status_code, answer.http_version), (status, "HTTP/2"))
    with listening(*asking) as port:
        url = f"http://127.0.0.1:{port}/a?b=c"
        for password, status in [("sesame", 200), ("wrong", 401)]:
            equal(requests.get(url, auth=HTTPDigestAuth("me", password), timeout=PATIENCE).status_code, status)
            equal(httpx.get(url, auth=httpx.DigestAuth("me", password), timeout=PATIENCE).status_code, status)
        # One nonce, counted on.
        with requests.Session() as session:
            session.auth = HTTPDigestAuth("me", "sesame")
            equal([session.get(url, timeout=PATIENCE).status_code for _ in range(3)], [200, 200, 200])


run_all("auth")
