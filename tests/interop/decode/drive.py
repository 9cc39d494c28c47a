"""What real programs say, decoded: MessagePack, CBOR, Protocol Buffers, gzip and zlib as libraries of PyPI write them; MQTT,
Socket.IO and SignalR between clients and servers of npm and Debian, through wsprobe's relay.

usage: drive.py WSPROBE
"""

import contextlib
import gzip
import json
import pathlib
import re
import subprocess
import sys
import threading
import traceback
import zlib

import cbor2
import msgpack
from google.protobuf import descriptor_pb2, struct_pb2, wrappers_pb2
from websockets.sync.server import serve

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from cases import case, equal, run_all
from program import PATIENCE, Failed, Program

(WSPROBE,) = sys.argv[1:]
EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"
PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"

VALUES = [
    None,
    True,
    -(2**63),
    2**64 - 1,
    1.5,
    "üñí\n\"🦀\"",
    [],
    {},
    ["a", [1, -1, 128, 70000, 2**40], {"k": {"deep": [None, False]}}],
    {"op": "join", "room": 7, "users": [f"user {n}" for n in range(300)]},
    "x" * 70_000,
]


@contextlib.contextmanager
def serving(converse, **options):
    """A server of PyPI's `websockets`, and its URL."""
    with serve(converse, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def wsprobe(*args, **options):
    ran = subprocess.run([WSPROBE, *args], capture_output=True, timeout=PATIENCE, check=False, **options)
    if ran.returncode != 0:
        raise Failed(f"{args} ended with {ran.returncode}: {ran.stderr.decode()}")
    return ran.stdout


def decoded(how, messages, *args, **options):
    """What wsprobe makes of a server's messages."""

    def converse(socket):
        for message in messages:
            socket.send(message)

    with serving(converse, **options) as url:
        printed = wsprobe("-q", "-j", "--decode", how, *args, url, stdin=subprocess.DEVNULL)
    records = [json.loads(line) for line in printed.splitlines()]
    said = [record for record in records if record["type"] in ("text", "binary") and record["dir"] == "in"]
    equal([record["decode_error"] for record in said if "decode_error" in record], [])
    equal(len(said), len(messages))
    return [record.get("decoded") for record in said]


def same(one, other):
    """Equal as JSON is: true is not 1."""
    equal(json.dumps(one), json.dumps(other))


@case
def messagepack_of_pypi():
    packed = [msgpack.packb(value) for value in VALUES]
    same(decoded("msgpack", packed), VALUES)
    same(decoded("auto", packed, "--subprotocol", "wamp.2.msgpack", subprotocols=["wamp.2.msgpack"]), VALUES)
    odd = {1: b"\0\xff", "at": msgpack.Timestamp(1, 500_000_000), "ext": msgpack.ExtType(5, b"\xaa")}
    shown = {"1": "h'00ff'", "at": "1970-01-01T00:00:01.500000000Z", "ext": "ext(5, h'aa')"}
    same(decoded("msgpack", [msgpack.packb(odd)]), [shown])


@case
def cbor_of_pypi():
    values = [*VALUES, 2**100, -(2**100)]
    packed = [cbor2.dumps(value) for value in values]
    same(decoded("cbor", packed), values)
    same(decoded("auto", packed, "--subprotocol", "wamp.2.cbor", subprotocols=["wamp.2.cbor"]), values)
    same(decoded("auto", [cbor2.dumps(cbor2.CBORTag(55799, [1]))]), ["55799([1])"])
    odd = {1: b"\0\xff", "no": cbor2.undefined, "nan": float("nan"), "tag": cbor2.CBORTag(32, "http://a/")}
    same(decoded("cbor", [cbor2.dumps(odd)]), [{"1": "h'00ff'", "no": "undefined", "nan": "NaN", "tag": '32("http://a/")'}])


@case
def gzip_and_zlib_of_python():
    texts = [json.dumps(value) for value in VALUES]
    for how, compress in [("gzip", gzip.compress), ("deflate", zlib.compress)]:
        packed = [compress(text.encode()) for text in texts]
        same(decoded(how, packed), VALUES)
        same(decoded("auto", packed), VALUES)
    raw = zlib.compressobj(wbits=-15)
    same(decoded("deflate", [raw.compress(b"[1]") + raw.flush()]), [[1]])
    same(decoded("gzip,msgpack", [gzip.compress(msgpack.packb(value)) for value in VALUES]), VALUES)
    stream = zlib.compressobj()
    pieces = [stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH) for text in texts]
    for how in ["zlib-stream", "auto"]:
        same(decoded(how, pieces), VALUES)


def protoc(data):
    command = [sys.executable, "-m", "grpc_tools.protoc", "--decode_raw"]
    printed = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=True).stdout.decode()
    return [line.strip() for line in printed.splitlines()]


def as_protoc(message):
    """The lines that protoc prints, without indentation, of our JSON."""
    for number, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                yield f"{number} {{"
                yield from as_protoc(value)
                yield "}"
            elif isinstance(value, str) and not re.fullmatch("0x[0-9a-f]+", value):
                found = re.fullmatch("h'([0-9a-f]*)'", value)
                data = bytes.fromhex(found[1]) if found else value.encode()
                yield f'{number}: "{"".join(map(escaped, data))}"'
            else:
                yield f"{number}: {value}"


def escaped(byte):
    named = {0x0A: r"\n", 0x0D: r"\r", 0x09: r"\t", 0x22: r"\"", 0x27: r"\'", 0x5C: r"\\"}
    return named.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")


@case
def protocol_buffers_as_protoc_reads_them():
    described = descriptor_pb2.FileDescriptorProto()
    descriptor_pb2.DESCRIPTOR.CopyToProto(described)
    struct = struct_pb2.Struct()
    struct.update({"name": "Bob", "sizes": [1, 2.5], "inner": {"is": True, "text": "a\n\"b\"'\\"}})
    numbers = wrappers_pb2.FloatValue(value=1.5).SerializeToString() + b"\x10\x96\x01\x19" + bytes(range(8))
    group = b"\x0b\x08\x01\x12\x02yz\x0c"
    for data in [
        described.SerializeToString(),
        struct.SerializeToString(),
        wrappers_pb2.BytesValue(value=bytes(range(128, 256))).SerializeToString(),
        wrappers_pb2.StringValue(value="üñí").SerializeToString(),
        numbers,
        group,
    ]:
        [said] = decoded("protobuf", [data])
        equal(list(as_protoc(said)), protoc(data))


@case
def what_is_encoded_is_read_by_pypi():
    for how, load in [("msgpack", msgpack.unpackb), ("cbor", cbor2.loads)]:
        heard = []
        with serving(lambda socket, heard=heard: heard.extend(socket)) as url:
            lines = "".join(json.dumps(value) + "\n" for value in VALUES)
            wsprobe("-q", "--encode", how, url, input=lines.encode())
        same([load(data) for data in heard], VALUES)


@contextlib.contextmanager
def relaying(how, target):
    """A relay that decodes: its URL, and the function that ends it and gives what each side has said."""
    command = [WSPROBE, "listen", "127.0.0.1:0", "--forward", target, "-j", "-q", "--decode", how]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        first = json.loads(process.stdout.readline())

        def finish():
            process.terminate()
            records = [json.loads(line) for line in process.stdout]
            flaws = [record for record in records if "decode_error" in record]
            equal(flaws, [])
            messages = [record for record in records if record["type"] in ("text", "binary")]
            return [[record.get("decoded") for record in messages if record["dir"] == way] for way in ("in", "out")]

        yield first["url"], finish
    finally:
        process.kill()
        process.wait()


def conversation(how, server, client):
    with Program("server", server) as under_way:
        said = under_way.hear()
        target = said.get("url") or f"ws://127.0.0.1:{said['port']}/"
        with relaying(how, target) as (url, finish):
            subprocess.run([*client, url], timeout=PATIENCE, check=True)
            both = finish()
        if server[0] == WSPROBE:
            # It goes on without its stdin.
            under_way.process.terminate()
        return both


def has(values, **fields):
    """Whether one of the values has these fields."""
    if not any(value.items() >= fields.items() for value in values):
        raise Failed(f"nothing has {fields} in {str(values)[:3000]}")


def mqtt(server, role, version, how):
    both = conversation(how, server, ["node", PEERS / "mqtt.js", role])
    client, broker = ([packet for packets in side for packet in packets] for side in both)
    has(client, type="connect", protocol="MQTT", version=version, keep_alive=1)
    has(client, type="pingreq")
    text = "x" * 1000
    [wanted] = [packet for packet in client if packet["type"] == "subscribe"]
    has(wanted["topics"], topic="news/#", qos=0)
    has(client, type="publish", topic="news/today", qos=0, dup=False, payload=text)
    has(client, type="disconnect")
    has(broker, type="connack", session_present=False, code=0)
    has(broker, type="suback", id=wanted["id"], codes=[0])
    has(broker, type="publish", topic="news/today", qos=0, payload=text)
    has(broker, type="pingresp")
    if version == 5:
        has(client, type="publish", properties={"content_type": "text/plain"})
        has(broker, type="publish", properties={"content_type": "text/plain"})


@case
def mqtt_of_mosquitto():
    server = [sys.executable, PEERS / "broker.py", "mosquitto"]
    mqtt(server, "client", 4, "mqtt")
    mqtt(server, "client-5", 5, "auto")


@case
def mqtt_of_aedes():
    mqtt(["node", PEERS / "mqtt.js", "server"], "client", 4, "auto")


@case
def socket_io_of_npm():
    client, server = conversation("socketio", ["node", PEERS / "socket-io.js", "server"], ["node", PEERS / "socket-io.js", "client"])
    client, server = ([packet for packet in side if packet != []] for side in (client, server))
    has(client, type="connect", namespace="/", data={"token": "secret"})
    blob = {"type": "binary_event", "namespace": "/", "data": ["blob", "h'00ff10'"]}
    hello = {"type": "event", "namespace": "/", "data": ["hello", "world", {"n": 1}]}
    has(client, **blob)
    has(client, type="event", id=0, data=["greet", "Bob"])
    has(client, **hello)
    has(client, type="pong")
    has(client, type="disconnect")
    has(server, type="open")
    has(server, type="connect")
    has(server, **blob)
    has(server, type="ack", id=0, data=["hello Bob"])
    has(server, **hello)
    has(server, type="ping")


@case
def socket_io_without_being_told():
    _, server = conversation("auto", ["node", PEERS / "socket-io.js", "server"], ["node", PEERS / "socket-io.js", "client"])
    has([packet for packet in server if packet != []], type="binary_event", data=["blob", "h'00ff10'"])


def signalr(how, server, role):
    both = conversation(how, server, ["node", PEERS / "signalr.js", role])
    return ([record for records in side for record in records] for side in both)


@case
def signalr_of_npm():
    server = [WSPROBE, "listen", "127.0.0.1:0", "-j", "-q", "--script", EXAMPLES / "servers" / "signalr.wsp"]
    for how in ["signalr", "auto"]:
        client, hub = signalr(how, server, "client-direct")
        has(client, protocol="json", version=1)
        has(client, type=1, target="Add", arguments=[19, 23])
        equal(hub[0], {})
        has(hub, type=1, target="Announce", arguments=["tea at four"])
        has(hub, type=3, result=42)


@case
def signalr_of_npm_in_messagepack():
    client, hub = signalr("signalr", ["node", PEERS / "signalr.js", "server"], "client-msgpack")
    equal(client[0], {"protocol": "messagepack", "version": 1})
    # Type, headers, invocation, target, arguments.
    calls = [message for message in client[1:] if message[0] == 1 and message[3] == "Add"]
    equal([[*call[:2], *call[3:]] for call in calls], [[1, {}, "Add", [19, 23]]] * 2)
    equal(hub[:3], [{}, [1, {}, None, "Announce", ["tea at four"], []], [6]])
    equal([message for message in hub[1:] if message[0] == 3], [[3, {}, call[2], 3, 42] for call in calls])
    equal(hub[-1][0], 7)


run_all("decode")
