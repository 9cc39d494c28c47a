// npm's `graphql-ws`, with `graphql`.
"use strict";

const assert = require("node:assert");
const { buildSchema } = require("graphql");
const { createClient } = require("graphql-ws");
const { useServer } = require("graphql-ws/use/ws");
const { WebSocket, WebSocketServer } = require("ws");
const { listening, play } = require("./peer.js");

const schema = buildSchema(`
  type Query { hello: String }
  type Subscription { countdown(from: Int!): Int, ticks: Int }
`);

const roots = {
  query: { hello: () => "world" },
  subscription: {
    async *countdown({ from }) {
      for (let number = from; number > 0; number--) yield { countdown: number };
    },
    async *ticks() {
      yield { ticks: 1 };
      await new Promise(() => {});
    },
  },
};

async function server(httpServer) {
  useServer({ schema, roots }, new WebSocketServer({ server: httpServer, path: "/graphql" }));
  return listening(httpServer);
}

async function results(asked) {
  const all = [];
  for await (const result of asked) all.push(result);
  return all;
}

async function client(url) {
  let hear;
  const closed = new Promise((heard) => (hear = heard));
  const graphql = createClient({
    url: new URL("graphql", url).href,
    webSocketImpl: WebSocket,
    connectionParams: { token: "secret" },
    keepAlive: 10,
    lazy: false,
    retryAttempts: 0,
    on: { closed: ({ code }) => hear(code) },
  });
  const ticks = graphql.iterate({ query: "subscription { ticks }" });
  assert.deepStrictEqual((await ticks.next()).value, { data: { ticks: 1 } });
  await assert.rejects(results(graphql.iterate({ query: "{ nothing }" })), (errors) => /nothing/.test(errors[0].message));
  const [countdown, hello] = await Promise.all([
    results(graphql.iterate({ query: "subscription Down($n: Int!) { countdown(from: $n) }", variables: { n: 3 } })),
    results(graphql.iterate({ query: "{ hello }" })),
  ]);
  assert.deepStrictEqual(countdown, [3, 2, 1].map((number) => ({ data: { countdown: number } })));
  assert.deepStrictEqual(hello, [{ data: { hello: "world" } }]);
  await ticks.return();
  await graphql.dispose();
  assert.strictEqual(await closed, 1000);
}

play({ server, client });
