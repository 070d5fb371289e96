/**
 * What a web page can reach of `continuity up`. Each request is one that a browser would send for a
 * page of another site.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenersOf } from '../support/processes.js';
import { upBench, type Up, type UpBench } from './up-command.js';
import { asked, EVIL, SIGNAL, signalThroughUi, workflowsAt } from './web-ui-requests.js';

let bench: UpBench;
let running: Up;

beforeAll(async () => {
  bench = await upBench('doors');
  running = await bench.up('--ui-host', 'box.example');
});
afterAll(() => bench?.dispose());

/**
 * As a page sends it without a preflight. @returns the status, or nothing where no HTTP is spoken
 */
async function crossSite(at: string, path: string, method: 'GET' | 'POST' = 'POST'): Promise<number | undefined> {
  const headers = {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
    'content-type': 'text/plain',
  };
  const sent = fetch(`http://${at}${path}`, {
    method,
    headers,
    ...(method === 'POST' && { body: JSON.stringify(EVIL) }),
    signal: AbortSignal.timeout(5000),
  });
  return sent.then(
    ({ status }) => status,
    () => undefined,
  );
}

const workflows = () => workflowsAt(running.address);

test('a page of another site can signal no topic, on whichever port of the server it tries', async () => {
  const { server } = await bench.recorded();
  const listeners = listenersOf(server.pid);
  expect(listeners).toContain(running.address);
  expect(listeners.length).toBeGreaterThan(2);
  const answers: Record<string, (number | undefined)[]> = {};
  for (const at of listeners)
    answers[at] = [await crossSite(at, SIGNAL), await crossSite(at, '/api/v1/namespaces/default/workflows', 'GET')];
  // The HTTP API is there, and refuses; metrics know no such path; gRPC speaks no HTTP/1.1.
  expect(Object.values(answers)).toContainEqual([403, 403]);
  for (const [at, [posted]] of Object.entries(answers)) expect([undefined, 400, 403, 404], at).toContain(posted);
  expect(await workflows()).not.toContain('evil');
});

test('the command line and the worker work as ever', async () => {
  const { stdout } = await bench.continuity(['delegate', '--json', '--topic', 'auth', 'Add a login endpoint']);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' });
  expect(await workflows()).toContain('topic/auth');
});

const uiAt = () => new URL(running.ui).host;

test.each([
  ['a rebound name', { host: 'evil.example:8233' }],
  ['a rebound name that looks like localhost', { host: 'localhost.evil.example' }],
  ['a name that is none', { host: 'evil.example#localhost' }],
  ['a page of another site', { host: 'localhost', origin: 'https://evil.example' }],
  ['a page on another port of this machine', { host: 'localhost', origin: 'http://localhost:3000' }],
  ['a sandboxed page', { host: 'localhost', origin: 'null' }],
  ['an image in another page', { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
])('the Web UI refuses %s, and signals nothing for it', async (_who, headers: Record<string, string>) => {
  const at = uiAt();
  expect(await asked(at, '/', headers)).toMatchObject({ status: 403, cookies: [] });
  expect(await asked(at, '/api/v1/namespaces/default/workflows', headers)).toMatchObject({ status: 403 });
  expect((await signalThroughUi(at, 'rebound', headers)).status).toBe(403);
  expect(await workflows()).not.toContain('rebound');
});

test.each(['localhost', '127.0.0.1', '[::1]', 'box.example', 'LOCALHOST'])(
  'the Web UI works under the name %s',
  async (name) => {
    const at = uiAt();
    const host = `${name}:${at.split(':')[1]}`;
    const page = await asked(at, '/namespaces/default/workflows', { host });
    expect(page).toMatchObject({ status: 200 });
    const script = /\/_app\/[^"]+\.js/.exec(page.body)?.[0] ?? '';
    expect(
      (
        await asked(at, script, {
          host,
          'sec-fetch-site': 'same-origin',
          'sec-fetch-mode': 'cors',
          origin: `http://${host}`,
        })
      ).status,
    ).toBe(200);
    expect(await signalThroughUi(at, 'by-hand', { host, origin: `http://${host}` })).toMatchObject({ status: 200 });
    expect(await workflows()).toContain('by-hand');
  },
);

test('a link in another page opens the Web UI', async () => {
  const headers = { host: uiAt(), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect(await asked(uiAt(), '/namespaces/default/workflows', headers)).toMatchObject({ status: 200 });
});

test.runIf(process.platform === 'linux')(
  'the real Web UI is on no port of 127.0.0.1: a rebound page would have to guess one of 16 million addresses',
  async () => {
    const { server } = await bench.recorded();
    for (const at of listenersOf(server.pid).filter((one) => one.startsWith('127.0.0.1:'))) {
      const page = await asked(at, '/namespaces/default/workflows', { host: 'localhost' }).catch(() => undefined);
      expect(page?.body ?? '', at).not.toMatch(/<html/i);
    }
  },
);

test('the Web UI is back at its address when the server was started again', async () => {
  const { server } = await bench.recorded();
  process.kill(server.pid, 'SIGKILL');
  await expect.poll(async () => (await bench.recorded()).server.pid, { timeout: 60_000 }).not.toBe(server.pid);
  await expect.poll(async () => (await asked(uiAt(), '/', { host: uiAt() })).status, { timeout: 60_000 }).toBe(200);
});
