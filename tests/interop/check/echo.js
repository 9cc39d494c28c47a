// An echo server of npm's `ws`, with permessage-deflate. Prints its port as JSON, and ends with its stdin.
'use strict';

const { WebSocketServer } = require('ws');

const options = { host: '127.0.0.1', port: 0, perMessageDeflate: true, maxPayload: 16 << 20 };
const server = new WebSocketServer(options, () => console.log(JSON.stringify({ ws: server.address().port })));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
process.stdin.on('end', () => process.exit()).resume();
