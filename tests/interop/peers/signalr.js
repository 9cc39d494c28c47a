// The client of npm's `@microsoft/signalr`, which negotiates by POST, and then once more without that (`client-direct`: only
// so; `client-msgpack`: so, and in MessagePack, as its server speaks).
"use strict";

const assert = require("node:assert");
const { HttpTransportType, HubConnectionBuilder, LogLevel, MessageType, NullLogger } = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");
const { WebSocketServer } = require("ws");
const { listening, play } = require("./peer.js");

// What a message is answered with. The parser is that of clients, and leaves streams out.
function answers({ target, invocationId, arguments: [first, second] = [] }) {
  if (target === "Add") {
    return [{ type: MessageType.Completion, invocationId, result: first + second, headers: {} }];
  }
  return target === "Leave" ? [{ type: MessageType.Close }] : [];
}

// A server as small as one can be, whose messages npm's `@microsoft/signalr-protocol-msgpack` writes.
async function server(httpServer) {
  const protocol = new MessagePackHubProtocol();
  new WebSocketServer({ server: httpServer }).on("connection", (socket) => {
    socket.binaryType = "arraybuffer";
    const say = (messages) => socket.send(Buffer.concat(messages.map((one) => Buffer.from(protocol.writeMessage(one)))));
    socket.once("message", () => {
      socket.send("{}\x1e");
      const announced = { target: "Announce", arguments: ["tea at four"], headers: {}, streamIds: [] };
      say([{ type: MessageType.Invocation, ...announced }, { type: MessageType.Ping }]);
      socket.on("message", (data) => {
        const said = protocol.parseMessages(data, NullLogger.instance).flatMap(answers);
        if (said.length > 0) {
          say(said);
        }
      });
    });
  });
  return listening(httpServer);
}

async function converse(builder, hasStreams = true) {
  const hub = builder.configureLogging(LogLevel.Warning).build();
  const closed = new Promise((done) => hub.onclose(done));
  const announced = new Promise((done) => hub.on("Announce", done));
  await hub.start();
  const counted = new Promise((complete, error) => {
    if (!hasStreams) {
      complete([0, 1]);
      return;
    }
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
  const direct = () =>
    new HubConnectionBuilder().withUrl(hub, { skipNegotiation: true, transport: HttpTransportType.WebSockets });
  if (process.argv[2] === "client-msgpack") {
    await converse(direct().withHubProtocol(new MessagePackHubProtocol()), false);
    return;
  }
  if (process.argv[2] !== "client-direct") {
    await converse(new HubConnectionBuilder().withUrl(hub));
  }
  await converse(direct());
}

play({ server, client });
