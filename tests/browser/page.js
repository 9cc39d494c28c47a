// Drives the built-in page of `wsprobe listen` in Chromium, of `--echo` and of the prompt: node page.js WSPROBE CHROMIUM
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { chromium } = require("playwright-core");

const [wsprobe, executablePath] = process.argv.slice(2);

// Waits for what a stream says, of all that it has said; returns the match.
function said(stream) {
  let all = "";
  stream.setEncoding("utf8").on("data", (more) => (all += more));
  return async (pattern) => {
    for (;;) {
      const match = all.match(pattern);
      if (match) {
        return match;
      }
      await once(stream, "data", { signal: AbortSignal.timeout(60_000) }).catch(() => {
        throw new Error(`it does not say ${pattern}, but ${JSON.stringify(all)}`);
      });
    }
  };
}

// Opens the page and returns it with a way to wait for a line of its log; what it asks for and complains of is gathered.
async function open(browser, url) {
  const page = await browser.newPage();
  const [requests, complaints] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`http:${url}`);
  const shows = (kind, text) => page.locator(`#log .${kind}`, { hasText: text }).first().waitFor();
  await shows("note", "connected");
  const isInnocent = () => {
    assert.deepEqual(requests, [`http:${url}`]);
    assert.deepEqual(complaints, []);
  };
  return { page, shows, isInnocent };
}

async function echo(browser) {
  const server = spawn(wsprobe, ["listen", "--echo", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const [, url] = await said(server.stderr)(/ws:(\/\/\S+)/);
    const { page, shows, isInnocent } = await open(browser, url);
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

async function prompt(browser) {
  // script(1) of util-linux gives it a terminal.
  const command = `TERM=xterm NO_COLOR=1 '${wsprobe}' listen 127.0.0.1:0`;
  const server = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const screen = said(server.stdout);
    const [, url] = await screen(/ws:(\/\/\S+\/)/);
    const { page, shows, isInnocent } = await open(browser, url);
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
      "--disable-component-update", "--disable-sync",
    ],
  });
  try {
    await echo(browser);
    await prompt(browser);
  } finally {
    await browser.close();
  }
  console.log("2 passed, 0 failed");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
