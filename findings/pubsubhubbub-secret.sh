#!/usr/bin/env bash
# A subscriber that gives its hub a secret is sent everything and told nothing; one with an address of its own refuses by the
# order of two links.
#
# Guess: the library sends hub.secret, checks X-Hub-Signature by it and emits "feed"; the links for "self" and "hub" in a
#        delivery may come in any order.
# True:  pubsubhubbub sends the hub a key that it makes from the secret and the topic, and checks signatures by the secret itself.
#        No signature ever fits: each delivery is answered 202, which a hub counts as delivered, and thrown away without an event.
#        Of the Link header only the first link is read: where the subscriber chose its callback itself and the hub's link comes
#        first, the topic is unknown and each delivery is answered 400. The default callback has the topic in its query.
# Seen:  pubsubhubbub 1.0.2 (npm), December 2026.
# For us: deliveries name "self" first. Such a subscriber leaves the secret out and takes a callback that nobody can guess.
. "$(dirname "$0")/lib.sh"
npm_install pubsubhubbub@1.0.2

cat >subscribe.cjs <<'JS'
const crypto = require('crypto');
const http = require('http');
const pubsubhubbub = require('pubsubhubbub');
const topic = 'https://press.example/feeds/all.atom';
const body = '<feed xmlns="http://www.w3.org/2005/Atom"/>';
const listening = server => new Promise(done => server.listen(0, '127.0.0.1', done));
let form; // what the subscriber sent to the hub
const hub = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  form = new URLSearchParams(Buffer.concat(parts).toString());
  response.writeHead(202).end();
});
const deliver = (callback, headers) => new Promise(done => {
  http.request(callback, { method: 'POST', headers }, answer => answer.resume().on('end', () => done(answer.statusCode))).end(body);
});
const link = (rel, href) => `<${href}>; rel="${rel}"`;
const main = async () => {
  await listening(hub);
  const hubUrl = `http://127.0.0.1:${hub.address().port}/`;
  const orders = {
    'self, hub': [link('self', topic), link('hub', hubUrl)],
    'hub, self': [link('hub', hubUrl), link('self', topic)],
  };
  for (const secret of [undefined, 'a secret of the subscriber'])
    for (const own of [false, true]) {
      const subscriber = pubsubhubbub.createServer({ callbackUrl: 'http://127.0.0.1/push', secret });
      let events = 0;
      subscriber.on('feed', () => events++);
      await new Promise(done => subscriber.on('listen', done).listen(0, '127.0.0.1'));
      const { port } = subscriber.server.address();
      const callback = own ? `http://127.0.0.1:${port}/push/all` : undefined;
      await new Promise(done => subscriber.subscribe(topic, hubUrl, callback, done));
      const target = new URL(form.get('hub.callback'));
      target.port = port;
      for (const [order, links] of Object.entries(orders))
        for (const algorithm of secret ? ['sha1', 'sha256'] : ['']) {
          const headers = { 'Content-Type': 'application/atom+xml', Link: links.join(', ') };
          if (secret) {
            const signature = crypto.createHmac(algorithm, form.get('hub.secret')).update(body).digest('hex');
            headers['X-Hub-Signature'] = `${algorithm}=${signature}`;
          }
          const before = events;
          const status = await deliver(target, headers);
          console.log(
            (secret ? 'secret' : 'none').padEnd(6), own ? 'own callback    ' : 'default callback', `Link: ${order}`,
            algorithm.padEnd(6), status, events > before ? 'told' : 'not told',
          );
        }
      subscriber.server.close();
    }
  hub.close();
};
main();
JS
node --no-deprecation subscribe.cjs >"$seen"
compare <<'END'
none   default callback Link: self, hub        204 told
none   default callback Link: hub, self        204 told
none   own callback     Link: self, hub        204 told
none   own callback     Link: hub, self        400 not told
secret default callback Link: self, hub sha1   202 not told
secret default callback Link: self, hub sha256 202 not told
secret default callback Link: hub, self sha1   202 not told
secret default callback Link: hub, self sha256 202 not told
secret own callback     Link: self, hub sha1   202 not told
secret own callback     Link: self, hub sha256 202 not told
secret own callback     Link: hub, self sha1   400 not told
secret own callback     Link: hub, self sha256 400 not told
END
