import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Runs, type RunEnd } from '../../../../src/agents/claude-code/runs.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { KEY } from './rows.js';

const session = '11111111-1111-8111-8111-111111111111' as SessionId;
let folder: string;
let ends: RunEnd[];
let runs: Runs;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continuity-runs-'));
  ends = [];
  runs = new Runs(folder, (end) => ends.push(end));
});
afterEach(async () => {
  await runs.stopAll();
  await rm(folder, { recursive: true });
});

async function start(script: string): Promise<void> {
  const lock = runs.hold(session, KEY);
  if (!lock) throw new Error('The session is taken.');
  await runs.start(session, lock, {
    program: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    cwd: folder,
  });
  lock.release();
}

const isThere = (name: string) => vi.waitFor(() => access(join(folder, name)));
const isFree = () => vi.waitFor(() => expect(runs.of(session)).toBeUndefined());

it('a run holds its session until it ends, and another process sees which prompt it works on', async () => {
  await start('exec sleep 300');
  expect(new Runs(folder, () => undefined).of(session)).toMatchObject({ key: KEY, pid: expect.any(Number) as number });
  expect(runs.hold(session, KEY)).toBeUndefined();
  process.kill(runs.of(session)?.pid as number, 'SIGKILL');
  await isFree();
  await vi.waitFor(() => expect(ends).toEqual([{ session, killed: true, code: null }]));
});

it('a run that ends by itself is not called killed', async () => {
  await start('exit 3');
  await vi.waitFor(() => expect(ends).toEqual([{ session, killed: false, code: 3 }]));
});

it('a run is interrupted first, so that it can store that; one that does not end is killed', async () => {
  await start("trap 'touch interrupted; exit 0' INT; touch first; while :; do sleep 0.05; done");
  await isThere('first');
  await runs.stop(session);
  await isFree();
  await isThere('interrupted');
  await start("trap '' INT; touch second; while :; do sleep 0.05; done");
  await isThere('second');
  await runs.stop(session);
  await isFree();
});

it('what was not used for long is forgotten, and never while a run is at work', async () => {
  await start('exec sleep 300');
  const later = Date.now() + 31 * 24 * 60 * 60 * 1000;
  await runs.prune(later);
  expect(runs.of(session)).toBeDefined();
  process.kill(runs.of(session)?.pid as number, 'SIGKILL');
  await isFree();
  await runs.prune();
  expect(await readdir(join(folder, 'runs'))).toEqual([session]);
  await runs.prune(later);
  expect(await readdir(join(folder, 'runs'))).toEqual([]);
});
