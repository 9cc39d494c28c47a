// npm's `socket.io` and `socket.io-client`.
"use strict";

const assert = require("node:assert");
const { once } = require("node:events");
const { Server } = require("socket.io");
const { io } = require("socket.io-client");
const { listening, play } = require("./peer.js");

const BYTES = Buffer.from([0, 0xff, 0x10]);

async function server(httpServer) {
  new Server(httpServer, { pingInterval: 300, pingTimeout: 1500 }).on("connection", (socket) => {
    socket.on("hello", (...args) => socket.emit("hello", ...args));
    socket.on("greet", (name, acknowledge) => acknowledge(`hello ${name}`));
    socket.on("blob", (bytes) => socket.emit("blob", bytes));
  });
  return listening(httpServer);
}

async function client(url) {
  const socket = io(url, { transports: ["websocket"], reconnection: false, auth: { token: "secret" } });
  const pinged = once(socket.io, "ping");
  await once(socket, "connect");
  const blob = once(socket, "blob");
  socket.emit("blob", BYTES);
  assert.strictEqual(await socket.emitWithAck("greet", "Bob"), "hello Bob");
  assert.deepStrictEqual(await blob, [BYTES]);
  const hello = once(socket, "hello");
  socket.emit("hello", "world", { n: 1 });
  assert.deepStrictEqual(await hello, ["world", { n: 1 }]);
  await pinged;
  const closed = new Promise((done) => socket.io.engine.once("close", done));
  socket.disconnect();
  await closed;
}

play({ server, client });
