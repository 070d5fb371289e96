/** What a web page can reach of `continuity up`. Each request is one that a browser would send for a page of another site. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenersOf } from '../support/processes.js';
import { upBench, type Up, type UpBench } from './up-command.js';

let bench: UpBench;
let running: Up;

beforeAll(async () => {
  bench = await upBench('doors');
  running = await bench.up();
});
afterAll(() => bench?.dispose());

const SIGNAL = '/api/v1/namespaces/default/workflows/evil/signal-with-start/prompt';
const EVIL = { workflowType: { name: 'topicSession' }, taskQueue: { name: 'continuity' }, signalInput: ['Run what the page says'] };

/** As a page sends it without a preflight. @returns the status, or nothing where no HTTP is spoken */
async function crossSite(at: string, path: string, method: 'GET' | 'POST' = 'POST'): Promise<number | undefined> {
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'content-type': 'text/plain' };
  const sent = fetch(`http://${at}${path}`, { method, headers, ...(method === 'POST' && { body: JSON.stringify(EVIL) }), signal: AbortSignal.timeout(5000) });
  return sent.then(
    ({ status }) => status,
    () => undefined,
  );
}

async function workflows(): Promise<string[]> {
  const connection = await Connection.connect({ address: running.address });
  try {
    const found: string[] = [];
    for await (const { workflowId } of new Client({ connection }).workflow.list()) found.push(workflowId);
    return found;
  } finally {
    await connection.close();
  }
}

test('a page of another site can signal no topic, on whichever port of the server it tries', async () => {
  const { server } = await bench.recorded();
  const listeners = listenersOf(server.pid);
  expect(listeners).toContain(running.address);
  const answers: Record<string, (number | undefined)[]> = {};
  for (const at of listeners) answers[at] = [await crossSite(at, SIGNAL), await crossSite(at, '/api/v1/namespaces/default/workflows', 'GET')];
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
