"""Signed requests as AWS's own library signs them, byte for byte.

usage: drive.py WSPROBE
"""

import base64
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from cases import case, equal, run_all

(WSPROBE,) = sys.argv[1:]
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/with+signs=="
API = "abc123.execute-api.eu-west-1.amazonaws.com"
IOT = "abc-ats.iot.eu-west-1.amazonaws.com"
APPSYNC = "abc.appsync-realtime-api.eu-west-1.amazonaws.com"


def asked(host, resource, *args, token=True):
    """The target and the fields of wsprobe's request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heads = []

        def answer():
            connection, _ = server.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                heads.append(head.decode())
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        keys |= {"AWS_SESSION_TOKEN": TOKEN} if token else {}
        port = server.getsockname()[1]
        command = [WSPROBE, "-q", "--connect-to", f"{host}:80:127.0.0.1:{port}", *args, f"ws://{host}{resource}"]
        ran = subprocess.run(command, env={"PATH": os.environ["PATH"], **keys}, capture_output=True, timeout=60, check=False)
        thread.join(60)
    equal(ran.returncode, 4)
    lines = heads[0].split("\r\n")
    method, target, _ = lines[0].split(" ")
    equal(method, "GET")
    return target, [line.split(": ", 1) for line in lines[1:] if line]


def signed(signer, when, request, token=TOKEN, **more):
    """The same request, signed by botocore at that time."""
    credentials = Credentials(KEY, SECRET, token)
    time = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: time.replace(tzinfo=None)
    service, region = more.pop("service"), "eu-west-1"
    signer(credentials, service, region, **more).add_auth(request)
    return request


def field(fields, name):
    return next((value for key, value in fields if key.lower() == name.lower()), None)


@case
def in_header_fields():
    for resource, service, args in [
        ("/", "execute-api", []),
        ("/prod", "execute-api", ["-H", "X-Tenant:  blue   green "]),
        ("/a%20b/../c//d/?z=1&a=2&a=1&empty", "execute-api", []),
        ("/stage/@connections?q=%C3%A9%2F", "execute-api", ["-H", "Content-Type: text/plain", "-H", "x-b: 2", "-H", "x-a: 1"]),
        ("/", "lambda", []),
    ]:
        value = "aws:amz" if service == "execute-api" else f"aws:amz:eu-west-1:{service}"
        for token in TOKEN, None:
            target, fields = asked(API, resource, "--aws-sigv4", value, *args, token=bool(token))
            when = field(fields, "X-Amz-Date")
            own = dict(args[at + 1].split(":", 1) for at in range(0, len(args), 2))
            request = AWSRequest("GET", f"http://{API}{target}", headers={name: text.strip() for name, text in own.items()})
            expected = signed(botocore.auth.SigV4Auth, when, request, token, service=service)
            for name in "Authorization", "X-Amz-Security-Token":
                equal(field(fields, name), expected.headers.get(name))


@case
def in_the_query():
    for host, service, resource, token in [
        (API, "execute-api", "/prod", TOKEN),
        (API, "execute-api", "/prod?room=7&a=b%20c", None),
        (IOT, "iotdevicegateway", "/mqtt", None),
    ]:
        target, fields = asked(host, resource, "--aws-sigv4-query", "aws:amz", token=bool(token))
        when = re.search(r"X-Amz-Date=(\w+)", target)[1]
        request = AWSRequest("GET", f"http://{host}{resource}")
        expected = signed(botocore.auth.SigV4QueryAuth, when, request, token, service=service, expires=300)
        equal(f"http://{host}{target}", expected.url)
        equal(field(fields, "Authorization"), None)


@case
def the_token_of_iot_follows_its_signature():
    target, _ = asked(IOT, "/mqtt", "--aws-sigv4-query", "aws:amz")
    when = re.search(r"X-Amz-Date=(\w+)", target)[1]
    request = AWSRequest("GET", f"http://{IOT}/mqtt")
    expected = signed(botocore.auth.SigV4QueryAuth, when, request, None, service="iotdevicegateway", expires=300)
    token = urllib.parse.quote(TOKEN, safe="-._~")
    equal(f"http://{IOT}{target}", f"{expected.url}&X-Amz-Security-Token={token}")


@case
def appsync_gets_the_fields_of_a_post():
    target, _ = asked(APPSYNC, "/graphql", "--aws-sigv4-query", "aws:amz")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
    equal(base64.b64decode(query["payload"]), b"{}")
    header = json.loads(base64.b64decode(query["header"]))
    authorization, when = header.pop("Authorization"), header.pop("x-amz-date")
    equal(header.pop("x-amz-security-token"), TOKEN)
    host = header.pop("host")
    equal(host, "abc.appsync-api.eu-west-1.amazonaws.com")
    request = AWSRequest("POST", f"https://{host}/graphql/connect", headers=header, data=b"{}")
    expected = signed(botocore.auth.SigV4Auth, when, request, service="appsync")
    equal(authorization, expected.headers["Authorization"])


@case
def keys_of_the_command_line_sign_for_any_host():
    args = ["-u", f"{KEY}:{SECRET}", "--aws-sigv4", "aws:amz:eu-west-1:execute-api"]
    target, fields = asked("ws.example.com", "/prod", *args, token=False)
    request = AWSRequest("GET", f"http://ws.example.com{target}")
    expected = signed(botocore.auth.SigV4Auth, field(fields, "X-Amz-Date"), request, None, service="execute-api")
    equal(field(fields, "Authorization"), expected.headers["Authorization"])


run_all("sigv4")
