"use strict";

const { once } = require("node:events");

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

module.exports = { said };
