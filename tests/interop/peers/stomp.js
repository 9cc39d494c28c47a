// The client of npm's `@stomp/stompjs`.
"use strict";

const assert = require("node:assert");
const { Client } = require("@stomp/stompjs");
const { WebSocket } = require("ws");
const { play } = require("./peer.js");

async function client(url) {
  const stomp = new Client({
    webSocketFactory: () => new WebSocket(new URL("ws", url), ["v12.stomp", "v11.stomp"]),
    connectHeaders: { login: "guest", passcode: "guest", host: "/" },
    reconnectDelay: 0,
  });
  await new Promise((connected, failed) => {
    Object.assign(stomp, { onConnect: connected, onStompError: failed, onWebSocketError: failed });
    stomp.activate();
  });
  const received = new Promise((done) => stomp.subscribe("/queue/news", done, { ack: "auto" }));
  stomp.publish({ destination: "/queue/news", body: "one\nüñí 🦀" });
  const message = await received;
  assert.strictEqual(message.body, "one\nüñí 🦀");
  assert.strictEqual(message.headers.destination, "/queue/news");
  const receipt = new Promise((done) => stomp.watchForReceipt("r-7", done));
  stomp.publish({ destination: "/queue/news", body: "two", headers: { receipt: "r-7", "content-type": "text/plain" } });
  await receipt;
  await stomp.deactivate();
}

play({ client });
