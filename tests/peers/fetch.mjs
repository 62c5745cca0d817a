// SPDX-License-Identifier: BSL-1.0
// Node's fetch: requests side by side, bodies with a length and as streams, one that is given up.
//
// usage: fetch.mjs PUBLIC_URL
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

const url = process.argv[2];

async function ask(path, options) {
  const response = await fetch(url + path, options);
  assert.equal(response.status, 200, path);
  return response;
}

for (let round = 0; round < 20; round++) {
  const asked = [...Array(5).keys()].map((i) => ask(`/demo?latency=1ms&pattern=send&fanout=${i + 1}`));
  for (const [i, response] of (await Promise.all(asked)).entries()) {
    const reply = await response.json();
    assert.deepEqual([reply.started, reply.left], [i + 1, 0]);
  }
}

const body = randomBytes(100_000);
const pieces = () => new Blob([body]).stream();
for (let i = 0; i < 50; i++) {
  const whole = await ask('/echo', { method: 'POST', body });
  assert.ok(body.equals(Buffer.from(await whole.arrayBuffer())));
  const streamed = await ask('/echo', { method: 'POST', body: pieces(), duplex: 'half' });
  assert.ok(body.equals(Buffer.from(await streamed.arrayBuffer())));
}
const head = await ask('/demo', { method: 'HEAD' });
assert.equal(await head.text(), '');
const late = fetch(`${url}/backend?latency=30s`, { signal: AbortSignal.timeout(50) });
await assert.rejects(late, { name: 'TimeoutError' });
await (await ask('/demo?pattern=wait_group')).json();
