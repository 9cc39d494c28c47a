// npm's `rpc-websockets`.
"use strict";

const assert = require("node:assert");
const { once } = require("node:events");
const { Client, Server } = require("rpc-websockets");
const { listening, play } = require("./peer.js");

async function server(httpServer) {
  const rpc = new Server({ server: httpServer });
  rpc.register("subtract", ([a, b]) => a - b);
  rpc.register("greet", ({ name }) => `hello ${name}`);
  rpc.register("log", () => {});
  return listening(httpServer);
}

async function client(url) {
  const rpc = new Client(url, { reconnect: false });
  await once(rpc, "open");
  await rpc.notify("log", ["hello"]);
  const calls = [rpc.call("no-such"), rpc.call("greet", { name: 'Bob "the" 2nd' }), rpc.call("subtract", [42, 23])];
  const [none, greeting, difference] = await Promise.allSettled(calls);
  assert.strictEqual(none.reason.code, -32601);
  assert.strictEqual(greeting.value, 'hello Bob "the" 2nd');
  assert.strictEqual(difference.value, 19);
  rpc.close();
  await once(rpc, "close");
}

play({ server, client });
