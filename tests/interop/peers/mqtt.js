// npm's `aedes` as the server, and `mqtt` as the client: both cut their packets across messages. `client-5` speaks MQTT 5.
"use strict";

const assert = require("node:assert");
const { once } = require("node:events");
const { Aedes } = require("aedes");
const mqtt = require("mqtt");
const { WebSocketServer, createWebSocketStream } = require("ws");
const { listening, play } = require("./peer.js");

async function server(httpServer) {
  const broker = await Aedes.createBroker();
  new WebSocketServer({ server: httpServer }).on("connection", (socket, request) => {
    broker.handle(createWebSocketStream(socket), request);
  });
  return listening(httpServer);
}

async function client(url, isFive = process.argv[2] === "client-5") {
  const broker = await mqtt.connectAsync(new URL("mqtt", url).href, {
    protocolVersion: isFive ? 5 : 4,
    reconnectPeriod: 0,
    keepalive: 1,
  });
  const [granted] = await broker.subscribeAsync("news/#");
  assert.deepStrictEqual([granted.topic, granted.qos], ["news/#", 0]);
  const received = once(broker, "message");
  await broker.publishAsync("news/today", "x".repeat(1000), isFive ? { properties: { contentType: "text/plain" } } : {});
  const [topic, payload] = await received;
  assert.deepStrictEqual([topic, payload.toString()], ["news/today", "x".repeat(1000)]);
  await new Promise((done) => broker.on("packetreceive", ({ cmd }) => cmd === "pingresp" && done()));
  await broker.endAsync();
}

play({ server, client });
