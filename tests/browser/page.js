// Drives the built-in page of `wsprobe listen` in Chromium, of `--echo`, behind TLS (over HTTP/2 and HTTP/1.1), on a Unix socket and
// of the prompt, tries a page of another origin, and imports what the browser recorded: node page.js WSPROBE CHROMIUM
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");
const { developerTools, playwright } = require("./har.js");
const { said } = require("./said.js");

const [wsprobe, executablePath] = process.argv.slice(2);

// Opens the page and returns it with a way to wait for a line of its log; what it asks for and complains of is gathered.
async function open(browser, url, watch = () => {}) {
  // Of a certificate that nobody vouches for.
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await watch(page);
  const [requests, complaints] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  const shows = (kind, text) => page.locator(`#log .${kind}`, { hasText: text }).first().waitFor();
  await shows("note", "connected");
  const isInnocent = () => {
    assert.deepEqual(requests, [url]);
    assert.deepEqual(complaints, []);
  };
  return { page, shows, isInnocent };
}

async function echo(browser) {
  const server = spawn(wsprobe, ["listen", "--echo", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const [, url] = await said(server.stderr)(/ws:(\/\/\S+)/);
    const { page, shows, isInnocent } = await open(browser, `http:${url}`);
    await page.fill("#message", "<b>hello</b> é");
    await page.press("#message", "Enter");
    await shows("sent", "<b>hello</b> é");
    await shows("received", "<b>hello</b> é");
    assert.equal(await page.locator("#log b").count(), 0);

    await page.selectOption("#kind", "binary");
    await page.fill("#message", "00 ff 10");
    await page.click("#send");
    await shows("received", "binary: 00 ff 10");
    await page.fill("#message", "0");
    await page.click("#send");
    await shows("note", "write two hex digits");

    await page.fill("#code", "4001");
    await page.fill("#reason", "good bye");
    await page.click("#close");
    await shows("note", "closed 4001: good bye");
    await page.click("#connect");
    await page.waitForFunction(() => document.getElementById("state").textContent === "open");
    isInnocent();
  } finally {
    server.kill();
  }
}

// Says something by the page at this URL, and gets it back.
async function converse(browser, url, watch) {
  const { page, shows, isInnocent } = await open(browser, url, watch);
  await page.fill("#message", "hello");
  await page.press("#message", "Enter");
  await shows("received", "hello");
  isInnocent();
}

async function elsewhere(browser) {
  const args = ["listen", "--echo", "--tls-self-signed", "0.0.0.0:0"];
  const server = spawn(wsprobe, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const [, port] = await said(server.stderr)(/wss:\/\/0\.0\.0\.0:(\d+)/);
    await converse(browser, `https://localhost:${port}/`);
    await converse(browser, `https://127.0.0.1:${port}/`);
  } finally {
    server.kill();
  }
}

// Which version of HTTP carries the page and its WebSocket, as the developer tools know it.
async function version(browser, options) {
  const args = ["listen", "--echo", "-v", "--tls-self-signed", ...options, "127.0.0.1:0"];
  const server = spawn(wsprobe, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const says = said(server.stderr);
    const [, url] = await says(/wss(:\/\/\S+)/);
    const seen = {};
    await converse(browser, `https${url}`, async (page) => {
      const tools = await page.context().newCDPSession(page);
      tools.on("Network.responseReceived", ({ response }) => (seen.page = response.protocol));
      tools.on("Network.webSocketHandshakeResponseReceived", ({ response }) => (seen.socket = response.status));
      await tools.send("Network.enable");
    });
    return { ...seen, says };
  } finally {
    server.kill();
  }
}

async function http2(browser) {
  const { says, ...seen } = await version(browser, []);
  assert.deepEqual(seen, { page: "h2", socket: 200 });
  await says(/< :method: CONNECT\s+< :protocol: websocket/);
}

async function http1(browser) {
  const { says, ...seen } = await version(browser, ["--no-http2"]);
  assert.deepEqual(seen, { page: "http/1.1", socket: 101 });
  await says(/< GET \/ HTTP\/1.1\s+/);
}

// A browser reaches a Unix socket through something that forwards what it says.
async function unix(browser) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "wsprobe-"));
  const socket = path.join(dir, "page.sock");
  const server = spawn(wsprobe, ["listen", "--echo", `unix:${socket}`], { stdio: ["ignore", "ignore", "pipe"] });
  const forwarder = net.createServer((client) => {
    const upstream = net.connect(socket);
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  });
  try {
    await said(server.stderr)(/listening on /);
    await once(forwarder.listen(0, "127.0.0.1"), "listening");
    await converse(browser, `http://localhost:${forwarder.address().port}/`);
  } finally {
    forwarder.close();
    server.kill();
    fs.rmSync(dir, { recursive: true });
  }
}

// A page of another server on this machine, and one without an origin, want to talk to a command.
async function stranger(browser) {
  const server = spawn(wsprobe, ["listen", "--exec", "cat", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const other = http.createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    if (request.url === "/null") {
      response.setHeader("Content-Security-Policy", "sandbox allow-scripts");
    }
    response.end("<!doctype html><title>other</title>");
  });
  try {
    const says = said(server.stderr);
    const [, url] = await says(/(ws:\/\/\S+)/);
    await once(other.listen(0, "127.0.0.1"), "listening");
    const page = await browser.newPage();
    const outcome = (address) => page.evaluate((address) => new Promise((resolve) => {
      const socket = new WebSocket(address);
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    }), address);
    const port = other.address().port;
    await page.goto(`http://127.0.0.1:${port}/`);
    assert.equal(await outcome(url), "refused");
    await says(new RegExp(`its origin is .http://127.0.0.1:${port}.; .--origin http://127.0.0.1:${port}. allows it`));
    await page.goto(`http://127.0.0.1:${port}/null`);
    assert.equal(await outcome(url), "refused");
    await says(/its origin is .null./);
    // As if the DNS had led the name of another server here.
    await page.goto(`http://evil.test:${port}/`);
    assert.equal(await outcome(url.replace("127.0.0.1", "evil.test")), "refused");
    await says(/it requested the host .evil\.test./);
  } finally {
    other.close();
    server.kill();
  }
}

async function prompt(browser) {
  // script(1) of util-linux gives it a terminal.
  const command = `TERM=xterm NO_COLOR=1 '${wsprobe}' listen 127.0.0.1:0`;
  const server = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const screen = said(server.stdout);
    const [, url] = await screen(/ws:(\/\/\S+\/)/);
    const { page, shows, isInnocent } = await open(browser, `http:${url}`);
    await screen(/#1 connected from /);
    server.stdin.write("hello page\r");
    await shows("received", "hello page");
    await page.fill("#message", "hello prompt");
    await page.press("#message", "Enter");
    await screen(/#1 < hello prompt/);
    server.stdin.write("/to #1 /binary 00ff\r");
    await shows("received", "binary: 00 ff");
    server.stdin.write("/kick #1 4002 off you go\r");
    await shows("note", "closed 4002: off you go");
    await page.click("#connect");
    await screen(/#2 connected from /);
    // It may have left before the page tells of it.
    const exited = once(server, "exit");
    server.stdin.write("/quit\r");
    await shows("note", "closed 1001");
    const [status] = await exited;
    assert.equal(status, 0);
    isInnocent();
  } finally {
    server.kill();
  }
}

async function main() {
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP evil.test 127.0.0.1",
    ],
  });
  try {
    const recorded = [developerTools, playwright].map((test) => (browser) => test({ wsprobe, executablePath, browser, said }));
    const all = [echo, elsewhere, http2, http1, unix, stranger, prompt, ...recorded];
    for (const test of all) {
      await test(browser);
    }
    console.log(`${all.length} passed, 0 failed`);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
