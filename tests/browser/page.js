// Drives the built-in page of `wsprobe listen --echo` in Chromium: node page.js WSPROBE CHROMIUM
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const [wsprobe, executablePath] = process.argv.slice(2);

async function main() {
  const server = spawn(wsprobe, ["listen", "--echo", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  server.stdout.resume();
  const lines = readline.createInterface({ input: server.stderr });
  const [first] = await once(lines, "line");
  const url = first.match(/ws:(\/\/\S+)/)[1];

  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  try {
    const page = await browser.newPage();
    const requests = [];
    const complaints = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`http:${url}`);
    const shows = (kind, text) => page.locator(`#log .${kind}`, { hasText: text }).first().waitFor();

    await shows("note", "connected");
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

    assert.deepEqual(requests, [`http:${url}`]);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    server.kill();
  }
  console.log("1 passed, 0 failed");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
