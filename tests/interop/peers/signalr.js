// The client of npm's `@microsoft/signalr`, which negotiates by POST, and then once more without that.
"use strict";

const assert = require("node:assert");
const { HttpTransportType, HubConnectionBuilder, LogLevel } = require("@microsoft/signalr");
const { play } = require("./peer.js");

async function converse(builder) {
  const hub = builder.configureLogging(LogLevel.Warning).build();
  const closed = new Promise((done) => hub.onclose(done));
  const announced = new Promise((done) => hub.on("Announce", done));
  await hub.start();
  const counted = new Promise((complete, error) => {
    const items = [];
    hub.stream("Count", 2).subscribe({ next: (item) => items.push(item), complete: () => complete(items), error });
  });
  // At once, so that several records are in one message.
  const sums = [hub.invoke("Add", 19, 23), hub.invoke("Add", 19, 23)];
  assert.deepStrictEqual(await Promise.all([...sums, counted]), [42, 42, [0, 1]]);
  assert.strictEqual(await announced, "tea at four");
  await hub.send("Leave");
  assert.strictEqual(await closed, undefined);
}

async function client(url) {
  const hub = new URL("hub", url.replace(/^ws/, "http")).href;
  await converse(new HubConnectionBuilder().withUrl(hub));
  await converse(
    new HubConnectionBuilder().withUrl(hub, { skipNegotiation: true, transport: HttpTransportType.WebSockets }),
  );
}

play({ client });
