// noVNC in Chromium shows the desktop of TigerVNC's server through `wsprobe listen --tcp`:
//
//     vnc.js WSPROBE CHROMIUM XVNC
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs/promises");
const http = require("node:http");
const net = require("node:net");
const path = require("node:path");
const { chromium } = require("playwright-core");
const { said } = require("../../browser/said.js");

const NOVNC = path.join(process.env.NODE_PATH, "@novnc/novnc");

// In the page: what the server is called, and the colour of a pixel once it is another than that of an empty canvas.
async function look(url, wsProtocols) {
  const { default: Rfb } = await import("/core/rfb.js");
  const rfb = new Rfb(document.body, url, { wsProtocols });
  const comes = (what) => new Promise((resolve) => rfb.addEventListener(what, (event) => resolve(event.detail)));
  const [named, left] = [comes("desktopname"), comes("disconnect")];
  await Promise.race([comes("connect"), left.then(() => Promise.reject(new Error("it is not connected")))]);
  const canvas = document.querySelector("canvas");
  const pixel = () => [...canvas.getContext("2d").getImageData(canvas.width - 1, canvas.height - 1, 1, 1).data];
  while (pixel()[0] === 0) {
    await new Promise(requestAnimationFrame);
  }
  rfb.sendKey(0x61, "KeyA");
  rfb.disconnect();
  return { name: (await named).name, size: [canvas.width, canvas.height], pixel: pixel(), clean: (await left).clean };
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function serve(request, response) {
  const file = path.join(NOVNC, path.normalize(new URL(request.url, "http://host").pathname));
  const body = request.url === "/" ? "<!doctype html><title>desktop</title>" : await fs.readFile(file).catch(() => null);
  response.writeHead(body === null ? 404 : 200, { "Content-Type": request.url === "/" ? "text/html" : "text/javascript" });
  response.end(body);
}

async function main([wsprobe, executablePath, xvnc]) {
  const site = http.createServer(serve);
  await once(site.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  const port = await freePort();
  // Its root window is white.
  const screen = ["-displayfd", "1", "-geometry", "320x200", "-depth", "24", "-wr", "-desktop", "a white desktop"];
  const rfb = ["-rfbport", String(port), "-localhost", "-SecurityTypes", "None", "-nolisten", "tcp"];
  const started = [spawn(xvnc, [...screen, ...rfb], { stdio: ["ignore", "pipe", "ignore"] })];
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    await said(started[0].stdout)(/^\d+$/m);
    const args = ["listen", "--tcp", `127.0.0.1:${port}`, "--origin", origin, "127.0.0.1:0"];
    const listener = spawn(wsprobe, args, { stdio: ["ignore", "ignore", "pipe"] });
    started.push(listener);
    const says = said(listener.stderr);
    const [, url] = await says(/(ws:\S+)/);
    const page = await browser.newPage();
    await page.goto(origin);
    for (const [number, protocols] of [["binary"], []].entries()) {
      const seen = await page.evaluate(`(${look})(${JSON.stringify(url)}, ${JSON.stringify(protocols)})`);
      const expected = { name: "a white desktop", size: [320, 200], pixel: [255, 255, 255, 255], clean: true };
      assert.deepEqual(seen, expected);
      await says(new RegExp(`#${number + 1} closed`));
      await page.reload();
    }
    console.log("ok   noVNC in Chromium through --tcp: TigerVNC");
  } finally {
    await browser.close();
    started.forEach((one) => one.kill());
    site.closeAllConnections();
    site.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
