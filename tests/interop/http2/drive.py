"""wsprobe over HTTP/2 (RFC 8441): as a client of Node, hypercorn and of proxies, and as the server behind those.

usage: drive.py WSPROBE CA CERTIFICATE KEY NODE_MODULES HYPERCORN
"""

import pathlib
import socket
import subprocess
import sys
import tempfile
import time

WSPROBE, CA, CERTIFICATE, KEY, MODULES, HYPERCORN = sys.argv[1:]
HERE = pathlib.Path(__file__).parent

HAPROXY = """
global
    log stderr local0 emerg
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{front} {bind}
    default_backend back
backend back
    server listen 127.0.0.1:{back} {server}
"""

LIGHTTPD = """
server.document-root = "{dir}"
server.port = {front}
server.bind = "127.0.0.1"
server.modules = ("mod_openssl", "mod_proxy")
ssl.engine = "enable"
ssl.pemfile = "{pem}"
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {back})))
proxy.header = ("upgrade" => "enable")
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Servers:
    def __init__(self, work):
        self.work, self.running = work, []
        self.pem = work / "both.pem"
        self.pem.write_text(pathlib.Path(CERTIFICATE).read_text() + pathlib.Path(KEY).read_text())
        self.plain = self.start(lambda port: [WSPROBE, "listen", f"127.0.0.1:{port}", "--echo"])
        tls = ["--tls-cert", CERTIFICATE, "--tls-key", KEY]
        self.tls = self.start(lambda port: [WSPROBE, "listen", f"127.0.0.1:{port}", "--echo", *tls])

    def start(self, command):
        port = free_port()
        log = open(self.work / f"{port}.log", "wb")
        process = subprocess.Popen(command(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=HERE)
        self.running.append(process)
        wait_for(port, process)
        return port

    def stop(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(30)

    def written(self, text):
        file = self.work / f"{len(self.running)}.conf"
        file.write_text(text)
        return str(file)

    def haproxy(self, bind, back, server):
        bind = bind.replace("PEM", str(self.pem))
        conf = lambda port: self.written(HAPROXY.format(front=port, bind=bind, back=back, server=server))
        return self.start(lambda port: ["/usr/sbin/haproxy", "-db", "-f", conf(port)])

    def nghttpx(self, front, back, *more):
        return self.start(
            lambda port: [
                "/usr/sbin/nghttpx", "--conf=/dev/null", "--no-ocsp", "--accesslog-file=/dev/null",
                f"--frontend=127.0.0.1,{port}{front}", f"--backend=127.0.0.1,{back}", *more,
            ]
        )

    def lighttpd(self, back):
        conf = lambda port: self.written(LIGHTTPD.format(dir=self.work, front=port, pem=self.pem, back=back))
        return self.start(lambda port: ["/usr/sbin/lighttpd", "-D", "-f", conf(port)])


def node(*tls):
    process = subprocess.Popen(["node", str(HERE / "server.js"), MODULES, *tls], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


H1, TLS, PRIOR = [], ["--cacert", CA, "--http2=required"], ["--http2-prior-knowledge"]


def cases(servers):
    """Name, port, options."""
    alpn = "ssl crt PEM alpn h2,http/1.1"
    for name, tls, options in [("node", [KEY, CERTIFICATE], TLS), ("node, h2c", [], PRIOR)]:
        process, port = node(*tls)
        servers.running.append(process)
        yield name, port, options
    limits = servers.written("websocket_max_message_size = 100000000\n")
    bind = lambda port: [HYPERCORN, "--config", limits, "--bind", f"127.0.0.1:{port}"]
    tls = ["--keyfile", KEY, "--certfile", CERTIFICATE]
    yield "hypercorn", servers.start(lambda port: [*bind(port), *tls, "app:app"]), TLS
    yield "hypercorn, h2c", servers.start(lambda port: [*bind(port), "app:app"]), PRIOR
    yield "haproxy before HTTP/1.1", servers.haproxy(alpn, servers.plain, ""), TLS
    yield "haproxy before h2c", servers.haproxy("", servers.plain, "proto h2"), H1
    yield "haproxy, h2c before h2c", servers.haproxy("proto h2", servers.plain, "proto h2"), PRIOR
    yield "haproxy before h2", servers.haproxy(alpn, servers.tls, "ssl verify none alpn h2"), TLS
    yield "nghttpx before HTTP/1.1", servers.nghttpx("", servers.plain, KEY, CERTIFICATE), TLS
    plain = servers.nghttpx(";no-tls", f"{servers.plain};;proto=h2")
    yield "nghttpx before h2c", plain, H1
    yield "nghttpx, h2c before h2c", plain, PRIOR
    yield "nghttpx before h2", servers.nghttpx("", f"{servers.tls};;proto=h2;tls", "-k", KEY, CERTIFICATE), TLS
    yield "lighttpd before HTTP/1.1", servers.lighttpd(servers.plain), TLS


def tried(port, options):
    """What is wrong, if anything."""
    url = f"{'wss' if options is TLS else 'ws'}://localhost:{port}/"
    command = [WSPROBE, "-4", "--timeout", "60s", *options]
    small = "".join(f"{number}\n" for number in range(10_000)).encode()
    large = bytes(range(256)) * (10 << 12)
    for args, data in [(["-q"], small), (["-q", "--binary", "--whole", "--compress", "off"], large)]:
        ran = subprocess.run([*command, *args, url], input=data, capture_output=True, check=False)
        if (ran.returncode, ran.stdout) != (0, data):
            return f"{args}: {ran.returncode}, {len(ran.stdout)} of {len(data)} bytes, {ran.stderr.decode()}"
    ran = subprocess.run([*command, "--json", "-x", "hello", url], capture_output=True, check=False)
    if (b'"http":"2"' in ran.stdout) != bool(options):
        return f"another version of HTTP: {ran.stdout.decode()} {ran.stderr.decode()}"
    return None


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as dir:
        servers = Servers(pathlib.Path(dir))
        try:
            for name, port, options in cases(servers):
                wrong = tried(port, options)
                print(f"{'FAILED' if wrong else 'ok'}: HTTP/2, {name}{': ' + wrong if wrong else ''}", flush=True)
                passed, failed = passed + (not wrong), failed + bool(wrong)
        finally:
            servers.stop()
    print(f"HTTP/2: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
