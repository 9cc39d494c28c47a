// The server of npm's `ws`, for tests/interop/drive.py; server.py is its twin.
//
//     server.js CERTIFICATE KEY
//
// Prints one JSON object a line: first its ports, then how each connection ended. Ends with its stdin.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const FLOOD = 20_000;

const say = (what) => console.log(JSON.stringify(what));

function converse(socket, request) {
  const path = request.url.split('?')[0];
  let heard = { code: null, reason: null };
  socket.on('error', () => {});
  socket.on('close', (code, reason) => {
    // 1005: there was no code; 1006: there was no Close.
    if (code !== 1005 && code !== 1006) heard = { code, reason: reason.toString() };
    say({ path: request.url, ...heard });
  });
  if (path === '/ping') {
    socket.on('pong', (data) => {
      socket.send(data.equals(Buffer.from('are you there')) ? 'the pong came' : 'another pong came');
      socket.close(1000);
    });
    socket.ping('are you there');
  } else if (path === '/fragments') {
    for (const [part, fin] of [['in ', false], ['three ', false], ['parts', true]]) socket.send(part, { fin });
    for (const byte of [0, 1, 2]) socket.send(Buffer.from([byte]), { fin: byte === 2 });
    socket.close(1000);
  } else if (path === '/flood') {
    for (let number = 0; number < FLOOD; number++) socket.send(`message ${number}`);
    socket.close(1000);
  } else if (path === '/cut') {
    socket.terminate();
  } else if (path.startsWith('/close/')) {
    const [, , code, reason] = path.split('/');
    socket.close(Number(code), decodeURIComponent(reason));
  } else {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  }
}

function listen(server) {
  const verifyClient = ({ req }, decide) => {
    if (req.url.startsWith('/refuse')) return decide(false, 403, 'members only\n', { Why: 'because' });
    if (req.url.startsWith('/away')) return decide(false, 302, '', { Location: '/echo' });
    return decide(true);
  };
  const handleProtocols = (offered) => (offered.has('v1.chat') ? 'v1.chat' : false);
  new WebSocketServer({ server, verifyClient, handleProtocols, maxPayload: 0 }).on('connection', converse);
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
}

const [cert, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));
Promise.all([listen(http.createServer()), listen(https.createServer({ cert, key }))]).then(([ws, wss]) => say({ ws, wss }));
process.stdin.on('end', () => process.exit()).resume();
