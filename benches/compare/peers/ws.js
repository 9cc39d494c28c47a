#!/usr/bin/env node
// A server on the package `ws`, as its README has it: `ws-server echo|broadcast PORT`.
const { WebSocket, WebSocketServer } = require('ws');

const [work, port] = process.argv.slice(2);
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), maxPayload: 0 });

server.on('connection', (client) => {
  client.on('error', () => {});
  client.on('message', (data, isBinary) => {
    if (work === 'echo') {
      client.send(data, { binary: isBinary });
      return;
    }
    for (const other of server.clients) {
      if (other !== client && other.readyState === WebSocket.OPEN) {
        other.send(data, { binary: isBinary });
      }
    }
  });
});
