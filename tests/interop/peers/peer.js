// What the peers have in common.
//
//     NAME.js server       prints its port as one JSON object, and ends with its stdin
//     NAME.js client URL   has a conversation, and exits 0 if all of it was as it should be
"use strict";

const { once } = require("node:events");
const http = require("node:http");

// A free port of the loopback interface, for a server of node:http.
async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

function play({ server, client }) {
  const [role, url] = process.argv.slice(2);
  if (role === "server") {
    server(http.createServer()).then((port) => console.log(JSON.stringify({ port })));
    process.stdin.on("end", () => process.exit()).resume();
    return;
  }
  client(url).then(
    () => process.exit(),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

module.exports = { listening, play };
