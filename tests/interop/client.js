// The client of npm's `ws`, for tests/interop/clients.py; client.py is its twin, and says what it takes.
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const { WebSocket } = require("ws");

const ca = fs.readFileSync(process.argv[2]);
let socket = null;

function say(what, more) {
  console.log(JSON.stringify({ what, ...more }));
}

function connect({ url, compress, subprotocols, origin, headers }) {
  let extensions = "";
  socket = new WebSocket(url, subprotocols ?? [], {
    ca,
    headers,
    origin,
    perMessageDeflate: compress ? { threshold: 0 } : false,
    maxPayload: 0,
  });
  socket.on("upgrade", (answer) => {
    extensions = answer.headers["sec-websocket-extensions"] ?? "";
  });
  socket.on("open", () => say("open", { subprotocol: socket.protocol || null, extensions }));
  socket.on("unexpected-response", (request, answer) => {
    say("refused", { status: answer.statusCode });
    request.destroy();
  });
  socket.on("message", (data, isBinary) => {
    say(isBinary ? "binary" : "text", isBinary ? { base64: data.toString("base64") } : { data: data.toString() });
  });
  socket.on("pong", (data) => say("pong", { data: data.toString() }));
  socket.on("close", (code, reason) => {
    say("close", { code: code === 1005 || code === 1006 ? null : code, reason: reason.toString() });
  });
  // What goes wrong is followed by a close.
  socket.on("error", () => {});
}

function send({ data, base64, pieces = 1 }) {
  const whole = data ?? Buffer.from(base64, "base64");
  const size = Math.max(1, Math.ceil(whole.length / pieces));
  for (let at = 0; at === 0 || at < whole.length; at += size) {
    socket.send(whole.slice(at, at + size), { binary: data === undefined, fin: at + size >= whole.length });
  }
}

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const asked = JSON.parse(line);
    const does = {
      connect,
      send,
      ping: () => socket.ping(asked.data),
      close: () => socket.close(asked.code, asked.reason),
    };
    does[asked.do](asked);
  })
  .on("close", () => process.exit());
