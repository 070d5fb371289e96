/** The whole stack with an ACP agent: what its results promise, and what a killed worker leaves. */
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { processesOf } from '../support/processes.js';
import { upBench, type UpBench } from './up-command.js';

const PROGRAM = fileURLToPath(new URL('../support/misbehaving-acp-agent.mjs', import.meta.url));
const weaker = { agent: 'mine', guarantee: 'at_most_once_unknown' };

let dir: string;
let bench: UpBench;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-acp-home-')));
  const config = join(dir, 'config.json');
  const mine = { kind: 'acp', command: [process.execPath, PROGRAM] };
  await writeFile(config, JSON.stringify({ defaultAgent: 'mine', agents: { mine } }));
  bench = await upBench('acp-topics', { CONTINUITY_CONFIG: config, ACP_STORE: dir });
  await bench.up();
});
afterAll(async () => {
  await bench?.dispose();
  expect(processesOf(dir)).toEqual([]);
  await rm(dir, { recursive: true, force: true });
});

async function delegate(...words: string[]): Promise<TurnResult> {
  const { stdout, stderr } = await bench.continuity(['delegate', '--json', '--topic', 'auth', ...words]);
  return JSON.parse(stdout || stderr) as TurnResult;
}

const promptsPutIn = async () =>
  (await readFile(join(dir, 'prompts'), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { asked: string }).asked);

test('every result says the weaker guarantee, and a follow-up goes on in the session', async () => {
  const first = await delegate('Add login endpoint');
  expect(first).toMatchObject({ status: 'completed', session: { kind: 'new' }, reply: 'You said: Add login endpoint' });
  expect(first).toMatchObject(weaker);
  expect(await delegate('Fix it')).toMatchObject({
    status: 'completed',
    session: { kind: 'resumed' },
    session_id: first.session_id,
    ...weaker,
  });
});

test('a turn whose worker was killed is OUTCOME_UNKNOWN, its prompt is put in once, and the topic goes on in the session', async () => {
  const asked = delegate('Never end [hang]');
  await vi.waitFor(async () => expect(await promptsPutIn()).toContain('Never end [hang]'), { timeout: 60_000 });
  process.kill((await bench.recorded()).worker.pid, 'SIGKILL');
  const cutOff = await asked;
  expect(cutOff).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' }, ...weaker });
  expect(await delegate('And?')).toMatchObject({ status: 'completed', session_id: cutOff.session_id, ...weaker });
  expect(await promptsPutIn()).toEqual(['Add login endpoint', 'Fix it', 'Never end [hang]', 'And?']);
});

test('doctor and the transcript ask the agent', async () => {
  expect((await bench.continuity(['doctor', '--json'])).stdout).toContain('misbehaving 1.2.3');
  expect((await bench.continuity(['transcript', 'auth'])).stdout).toContain('Add login endpoint');
});
