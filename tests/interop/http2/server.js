// Node's own HTTP/2 with the WebSocket of `ws` on a stream: sends everything back.
// usage: node server.js DIR-OF-NODE-MODULES [KEY CERTIFICATE]
'use strict';
const fs = require('node:fs');
const http2 = require('node:http2');
const { createRequire } = require('node:module');
const [modules, key, cert] = process.argv.slice(2);
const { WebSocket } = createRequire(modules + '/')('ws');

const settings = { enableConnectProtocol: true };
const server = key
  ? http2.createSecureServer({ settings, key: fs.readFileSync(key), cert: fs.readFileSync(cert) })
  : http2.createServer({ settings });
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  if (headers[':protocol'] !== 'websocket') {
    stream.respond({ ':status': 404 }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200 });
  stream.setNoDelay = () => {};
  const socket = new WebSocket(null, undefined, {});
  socket.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 1 << 30, skipUTF8Validation: false });
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
