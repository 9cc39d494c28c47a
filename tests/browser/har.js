// HAR files as the developer tools of Chromium export them, and as Playwright records them, through `wsprobe import`.
"use strict";

const assert = require("node:assert");
const { execFileSync, spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

// Text, bytes and text go to an echo server, which sends each back.
async function talk(page, url) {
  await page.goto(`http${url}`);
  await page.evaluate(async (url) => {
    const socket = new WebSocket(`${url}?token=sesame&room=1`, ["chat", "bearer.sesame"]);
    socket.binaryType = "arraybuffer";
    const comes = (what) => new Promise((resolve) => socket.addEventListener(what, resolve, { once: true }));
    await comes("open");
    for (const message of ['{"op":"login"}', new Uint8Array([0, 255, 16]), "é 🙂"]) {
      const echo = comes("message");
      socket.send(message);
      await echo;
    }
    socket.close(1000);
    await comes("close");
  }, `ws${url}`);
}

// Imports the file, and plays what was imported.
function check(wsprobe, file, url) {
  const run = (...args) => execFileSync(wsprobe, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const recording = `${file}.jsonl`;
  const records = run("import", file);
  fs.writeFileSync(recording, records);
  assert.ok(!records.includes("sesame"), records);
  const [open, ...messages] = records.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(open.url, `ws${url}?token=***&room=1`);
  assert.equal(open.subprotocol, "chat");
  const both = [{ data: '{"op":"login"}' }, { base64: "AP8Q" }, { data: "é 🙂" }].flatMap((said) => [
    { dir: "out", ...said },
    { dir: "in", ...said },
  ]);
  assert.deepEqual(messages.map(({ time, type, ...rest }) => rest), both);
  const ages = [open, ...messages].map(({ time }) => Date.now() - Date.parse(time));
  assert.ok(ages.every((age, at) => age >= 0 && age < 600_000 && (at === 0 || age <= ages[at - 1])), String(ages));
  run("replay", "-q", "--compare", recording, `ws${url}`);
  assert.match(run("record-to-script", recording), /subprotocol chat\n[^]*send binary hex 00 ff 10\n/);
}

async function withServer(wsprobe, said, test) {
  const args = ["listen", "--echo", "--subprotocol", "chat", "127.0.0.1:0"];
  const server = spawn(wsprobe, args, { stdio: ["ignore", "ignore", "pipe"] });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "wsprobe-"));
  try {
    const [, url] = await said(server.stderr)(/ws(:\/\/\S+)/);
    await test(url, dir);
  } finally {
    server.kill();
    // The browser's processes leave one after the other.
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 20 });
  }
}

// What the developer tools' own code exports, which Chromium serves with them.
async function exported(tools, sanitize) {
  return tools.evaluate(async (sanitize) => {
    const { Writer } = await import("/devtools/models/har/har.js");
    const { NetworkLog } = await import("/devtools/models/logs/logs.js");
    const { Progress } = await import("/devtools/core/common/common.js");
    const requests = NetworkLog.NetworkLog.instance().requests();
    const progress = new Progress.CompositeProgress(new Progress.Progress());
    return Writer.Writer.harStringForRequests(requests, { sanitize }, progress);
  }, sanitize);
}

async function developerTools({ wsprobe, executablePath, said }) {
  await withServer(wsprobe, said, async (url, dir) => {
    const args = [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--remote-allow-origins=*",
      `--user-data-dir=${path.join(dir, "profile")}`, "about:blank",
    ];
    const program = spawn(executablePath, args, { stdio: ["ignore", "ignore", "pipe"] });
    try {
      const [, address] = await said(program.stderr)(/DevTools listening on ws:\/\/([^/]+)/);
      const browser = await chromium.connectOverCDP(`http://${address}`);
      const [context] = browser.contexts();
      const page = await context.newPage();
      const { targetInfo } = await (await context.newCDPSession(page)).send("Target.getTargetInfo");
      const tools = await context.newPage();
      await tools.goto(`http://${address}/devtools/devtools_app.html?ws=${address}/devtools/page/${targetInfo.targetId}`);
      await tools.waitForFunction(async () => {
        const { TargetManager } = await import("/devtools/core/sdk/sdk.js");
        return TargetManager.TargetManager.instance().primaryPageTarget() !== null;
      });
      await tools.evaluate(async () => {
        const { ViewManager } = await import("/devtools/ui/legacy/legacy.js");
        await ViewManager.ViewManager.instance().showView("network");
      });
      await talk(page, url);
      // What the page has seen may still be on its way to the tools.
      await tools.waitForFunction(async () => {
        const { NetworkLog } = await import("/devtools/models/logs/logs.js");
        return NetworkLog.NetworkLog.instance().requests().some((request) => request.frames().length === 6);
      });
      for (const sanitize of [false, true]) {
        const file = path.join(dir, `tools-${sanitize}.har`);
        fs.writeFileSync(file, await exported(tools, sanitize));
        check(wsprobe, file, url);
      }
      const exited = once(program, "exit");
      await (await browser.newBrowserCDPSession()).send("Browser.close");
      await exited;
    } finally {
      program.kill();
    }
  });
}

// Which writes times in milliseconds.
async function playwright({ wsprobe, browser, said }) {
  await withServer(wsprobe, said, async (url, dir) => {
    const file = path.join(dir, "playwright.har");
    const context = await browser.newContext({ recordHar: { path: file, content: "embed" } });
    await talk(await context.newPage(), url);
    await context.close();
    check(wsprobe, file, url);
  });
}

module.exports = { developerTools, playwright };
