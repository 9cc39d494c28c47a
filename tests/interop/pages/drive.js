// Pages in Chromium that talk to servers with the clients of socket.io and SignalR, through the relay of `wsprobe listen --forward`:
//
//     drive.js WSPROBE CHROMIUM [-- ROLE NAME COMMAND...]...
//
// Each COMMAND starts a server that prints its port, or its URL on stderr as wsprobe does, and ends with its stdin.
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");
const { said } = require("../../browser/said.js");

// In the page. What it got is what the server answered. `negotiates`: it begins with polling, as it does by itself.
async function socketIo(url, { negotiates }) {
  const transports = negotiates ? ["polling", "websocket"] : ["websocket"];
  const socket = window.io(url, { transports, reconnection: false });
  const comes = (what, from = socket) => new Promise((resolve) => from.once(what, (...args) => resolve(args)));
  await comes("connect");
  if (negotiates && socket.io.engine.transport.name !== "websocket") {
    await comes("upgrade", socket.io.engine);
  }
  const pinged = comes("ping", socket.io);
  const blob = comes("blob");
  socket.emit("blob", new Uint8Array([0, 0xff, 0x10]));
  const answer = await socket.emitWithAck("greet", "Bob of the page");
  const bytes = [...new Uint8Array((await blob)[0])];
  const hello = comes("hello");
  socket.emit("hello", "wörld", { n: 1 });
  const said = await hello;
  await pinged;
  socket.disconnect();
  return { answer, bytes, said };
}

// In the page. `isBinary` for a server whose records of JSON are binary messages, unlike ASP.NET's.
async function signalR(url, { isBinary, negotiates }) {
  const { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, TransferFormat } = window.signalR;
  const json = new JsonHubProtocol();
  const binary = {
    name: json.name,
    version: json.version,
    transferFormat: TransferFormat.Binary,
    parseMessages: (input, logger) => json.parseMessages(new TextDecoder().decode(input), logger),
    writeMessage: (message) => json.writeMessage(message),
  };
  const hub = new HubConnectionBuilder()
    .withUrl(`${url.replace("ws", "http")}hub`, { skipNegotiation: !negotiates, transport: HttpTransportType.WebSockets })
    .withHubProtocol(isBinary ? binary : json)
    .build();
  const closed = new Promise((resolve) => hub.onclose((error) => resolve(String(error))));
  const announced = new Promise((resolve) => hub.on("Announce", resolve));
  await hub.start();
  const counted = new Promise((complete, error) => {
    const items = [];
    hub.stream("Count", 2).subscribe({ next: (item) => items.push(item), complete: () => complete(items), error });
  });
  const sum = await hub.invoke("Add", 19, 23);
  const items = await counted;
  const news = await announced;
  await hub.send("Leave");
  return { sum, items, news, closed: await closed };
}

const SIGNAL_R = {
  script: "@microsoft/signalr/dist/browser/signalr.min.js",
  converse: signalR,
  gets: { sum: 42, items: [0, 1], news: "tea at four", closed: "undefined" },
  shows: [/^#1 < .*"target":"Add"/m, /^#1 < .*"target":"Count"/m, /^#1 < .*"target":"Leave"/m],
};
const CONVERSATIONS = {
  "socket-io": {
    script: "socket.io-client/dist/socket.io.min.js",
    converse: socketIo,
    page: "socket.io/socket.io.js",
    gets: { answer: "hello Bob of the page", bytes: [0, 255, 16], said: ["wörld", { n: 1 }] },
    shows: [
      /^#1 < .*\["greet","Bob of the page"\]/m,
      /^#1 > .*\["hello Bob of the page"\]/m,
      /^#1 < 42\["hello","wörld",\{"n":1\}\]/m,
      /^#1 > 42\["hello","wörld",\{"n":1\}\]/m,
      /^#1 < 41$/m,
    ],
  },
  signalr: { ...SIGNAL_R, page: "", shows: [...SIGNAL_R.shows, /^#1 > .*"arguments":\["tea at four"\]/m] },
  "signalr-binary": { ...SIGNAL_R, isBinary: true, shows: [...SIGNAL_R.shows, /^#1 > binary, 59 bytes\n[^]*tea [^]*at four/m] },
};

// The URL of a server just started.
async function address(server) {
  const [, port] = await Promise.any([
    said(server.stdout)(/"port": ?(\d+)/),
    said(server.stderr)(/listening on ws:\/\/127\.0\.0\.1:(\d+)/),
  ]);
  return `ws://127.0.0.1:${port}/`;
}

async function through(wsprobe, browser, origin, role, command) {
  const { script, converse, isBinary = false, page: served, gets, shows } = CONVERSATIONS[role];
  const server = spawn(command[0], command.slice(1), { stdio: "pipe" });
  const started = [server];
  try {
    const args = ["listen", "--forward", await address(server), "--origin", origin, "--origin", "127.0.0.1", "127.0.0.1:0"];
    const relay = spawn(wsprobe, args, { stdio: ["ignore", "pipe", "pipe"] });
    started.push(relay);
    const shown = said(relay.stdout);
    const [, url] = await said(relay.stderr)(/(ws:\S+)/);
    // The page of wsprobe itself runs no other script.
    const page = await browser.newPage({ bypassCSP: true });
    const conversation = async (from, how) => {
      await page.goto(from);
      await page.addScriptTag({ path: path.join(process.env.NODE_PATH, script) });
      const got = await page.evaluate(`(${converse})(${JSON.stringify(url)}, ${JSON.stringify(how)})`);
      assert.deepEqual(got, gets);
    };
    await conversation(origin, { isBinary });
    for (const line of shows) {
      await shown(line);
    }
    if (served !== undefined) {
      // The relay passes on the page, too, so that it is the server's own.
      await conversation(url.replace("ws", "http") + served, { isBinary, negotiates: true });
      // #2 may be the page of wsprobe itself.
      await shown(/^#[23] < /m);
    }
    await page.close();
  } finally {
    started.forEach((one) => one.kill());
  }
}

// What follows each `--`.
function peers(args) {
  const all = [];
  for (const arg of args) {
    if (arg === "--") {
      all.push([]);
    } else {
      all.at(-1).push(arg);
    }
  }
  return all;
}

async function main([wsprobe, executablePath, ...rest]) {
  const site = http.createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>app</title>");
  });
  await once(site.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath, args: [...args, "--disable-component-update", "--disable-sync"] });
  try {
    const all = peers(rest);
    for (const [role, name, ...command] of all) {
      await through(wsprobe, browser, origin, role, command).catch((error) => {
        throw new Error(`a page through the relay to ${name}`, { cause: error });
      });
      console.log(`ok   a page in Chromium through the relay: ${name}`);
    }
    console.log(`${all.length} passed, 0 failed`);
  } finally {
    await browser.close();
    site.closeAllConnections();
    site.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
