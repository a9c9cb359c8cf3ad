// SPDX-License-Identifier: MIT
// The official client promises to refuse what is not the protocol: it lists the
// tools, calls each of them on the file of a collector that is being posted to,
// and holds every structured answer against its schema.
//
// usage: node client.mjs COLLECTORD COLLECTORCTL
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [collectord, collectorctl] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'collector-mcp-'));
const db = join(dir, 'events.sqlite');

// More than any of it takes on a busy machine; then something hangs.
const WAIT_MS = 120000;
const POST_EVERY_MS = 20;

const TOOLS = ['buffer_status', 'describe_table', 'list_tables',
  'offline_devices', 'query', 'recent_errors', 'schema_dump', 'search_events'];

const ENDLESS = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 ' +
  'FROM c) SELECT count(*) FROM c';

// An upstream that refuses what is of kind poison, for good.
function startUpstream() {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      const refused = body.includes('"kind":"poison"');
      response.writeHead(refused ? 422 : 200).end(refused ? 'no poison' : '');
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

// Resolves with its port, once it listens.
function startCollector(upstream) {
  const child = spawn(collectord, ['-db', db, '-addr', '127.0.0.1:0',
    '-sink', 'webhook', '-upload-interval', '20ms', '-webhook-url',
    `http://127.0.0.1:${upstream.address().port}/`],
  { stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error(`collectord has ended: ${said}`)));
    child.stderr.on('data', (piece) => {
      said += piece;
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(said);
      if (port) resolve({ child, url: `http://127.0.0.1:${port[1]}` });
    });
  });
}

async function post(url, event) {
  const response = await fetch(`${url}/events`,
    { method: 'POST', body: JSON.stringify(event) });
  assert.equal(response.status, 200);
  return (await response.json()).ids[0];
}

async function connect(...options) {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport(
    { command: collectorctl, args: [...options, db, 'mcp'] });
  client.onerror = (error) => assert.fail(`not the protocol: ${error}`);
  await client.connect(transport);
  return client;
}

// A call whose answer fits its schema, which the client sees to, and stands in
// the text as well.
async function ask(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  assert.notEqual(result.isError, true, result.content[0].text);
  assert.deepEqual(JSON.parse(result.content[0].text),
    result.structuredContent);
  return result.structuredContent;
}

async function problem(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  assert.equal(result.isError, true);
  return result.content[0].text;
}

async function eventually(question) {
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    await new Promise((resolve) => { setTimeout(resolve, POST_EVERY_MS); });
  }
}

const checks = {
  async 'says who it is'({ client }) {
    assert.equal(client.getServerVersion().name, 'collectorctl');
    assert.ok(client.getServerCapabilities().tools);
    assert.match(client.getInstructions(), /recent_errors/);
    await client.ping();
  },

  async 'lists its tools, all of which only read'({ client }) {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name).sort(), TOOLS);
    for (const tool of tools) {
      assert.equal(tool.annotations.readOnlyHint, true);
      assert.equal(tool.outputSchema.type, 'object');
    }
  },

  async 'finds an event as soon as it was accepted'({ client, url }) {
    const id = await post(url, { device_id: 'pump-7', kind: 'note',
      payload: { text: 'a needle' } });
    const { events } = await ask(client, 'search_events',
      { text: 'NEEDLE', since: '1h' });
    assert.deepEqual(events.map((event) => event.id), [id]);
    assert.deepEqual(events[0].payload, { text: 'a needle' });
  },

  async 'describes its tables'({ client }) {
    const { tables } = await ask(client, 'list_tables');
    for (const { name } of tables) {
      const { columns } = await ask(client, 'describe_table', { table: name });
      assert.ok(columns.every((column) => column.meaning));
    }
    const { schema } = await ask(client, 'schema_dump');
    assert.ok(schema.length > tables.length);
  },

  async 'answers in SQL'({ client }) {
    const { columns, rows } = await ask(client, 'query', { limit: 5,
      sql: 'SELECT count(*) > 0 AS some, max(id) FROM events' });
    assert.deepEqual(columns, ['some', 'max(id)']);
    assert.equal(rows[0][0], 1);
  },

  async 'knows which device is silent'({ client, url }) {
    await post(url, { device_id: 'gone', kind: 'k', ts: 1767225600000 });
    const { devices } = await ask(client, 'offline_devices',
      { silent_for: '10m' });
    assert.deepEqual(devices.map((device) => device.device_id), ['gone']);
    assert.equal(devices[0].last_seen_at_iso, '2026-01-01T00:00:00Z');
  },

  async 'knows what went wrong'({ client, url }) {
    const id = await post(url, { device_id: 'pump-9', kind: 'poison' });
    const errors = await eventually(async () => {
      const answer = await ask(client, 'recent_errors');
      return answer.dead_letters_count > 0 && answer;
    });
    assert.equal(errors.dead_letters[0].event_id, id);
    assert.equal(errors.dead_letters[0].status, 422);
    assert.match(errors.summary, /1 event that the upstream refused/);
  },

  async 'knows how the buffer is'({ client }) {
    const status = await ask(client, 'buffer_status');
    const { accepted, delivered, dead, dropped, pending } = status;
    assert.equal(accepted, delivered + dead + dropped + pending);
    assert.equal(status.limits_assumed, true);
    assert.match(status.summary, /\b(1 event|(0|[2-9]|\d\d+) events) pending/);
    assert.equal(typeof status.collector_seen, 'boolean');
  },

  async 'says how a question could be asked'({ client }) {
    assert.match(await problem(client, 'query',
      { sql: 'SELECT device FROM events' }), /events has: id, device_id/);
    assert.match(await problem(client, 'query',
      { sql: 'DELETE FROM event_log' }), /./);
    assert.match(await problem(client, 'search_events', { since: 'soon' }),
      /"since" has to be a moment/);
    assert.match(await problem(client, 'buffer_status', { verbose: true }),
      /there is no argument "verbose"/);
  },

  async 'does not know other tools'({ client }) {
    await assert.rejects(client.callTool({ name: 'drop_table' }),
      { code: -32602 });
  },

  async 'answers many at once'({ client }) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) =>
      ask(client, 'query', { sql: `SELECT ${i}` })));
    answers.forEach(({ rows }, i) => assert.equal(rows[0][0], i));
  },

  async 'ends what is called off, and goes on'() {
    // Nothing but the cancellation ends it.
    const patient = await connect('-deadline', '1h');
    const controller = new AbortController();
    const call = patient.callTool(
      { name: 'query', arguments: { sql: ENDLESS } }, undefined,
      { signal: controller.signal });
    await patient.ping();
    controller.abort('no longer wanted');
    await assert.rejects(call);
    await ask(patient, 'query', { sql: 'SELECT 1' });
    await patient.close();
  },

  async 'ends what takes too long'() {
    const client = await connect('-deadline', '100ms');
    assert.match(await problem(client, 'query', { sql: ENDLESS }),
      /took too long/);
    await client.close();
  },

  async 'takes what the collector was told'() {
    const client = await connect('-max-backlog', '7', '-max-size', '4GiB');
    const status = await ask(client, 'buffer_status');
    assert.equal(status.limits_assumed, false);
    assert.equal(status.backlog_max, 7);
    assert.equal(status.size_max, 4 * 2 ** 30);
    await client.close();
  },

  async 'ends well when its client does'() {
    const child = spawn(collectorctl, [db, 'mcp'],
      { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end();
    assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 0);
  },
};

async function run(scene) {
  for (const [name, check] of Object.entries(checks)) {
    await check(scene);
    console.log(`ok: ${name}`);
  }
}

const watchdog = setTimeout(() => {
  console.error('it hangs');
  process.exit(1);
}, WAIT_MS);
const upstream = await startUpstream();
const { child, url } = await startCollector(upstream);
process.on('exit', () => child.kill('SIGKILL'));
const client = await connect();
let posting = true;
const poster = (async () => {
  while (posting) {
    await post(url, { device_id: 'pump-1', kind: 'temperature',
      payload: { celsius: 21.4 } });
    await new Promise((resolve) => { setTimeout(resolve, POST_EVERY_MS); });
  }
})();
try {
  await run({ client, url });
} finally {
  posting = false;
  await poster;
  await client.close();
  child.removeAllListeners('exit');
  child.kill();
  upstream.close();
  upstream.closeAllConnections();
  rmSync(dir, { recursive: true });
  clearTimeout(watchdog);
}
console.log(`Checks: ${Object.keys(checks).length}, Failures: 0, Errors: 0`);
