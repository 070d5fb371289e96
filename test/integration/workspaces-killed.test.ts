/** Workspaces, when the worker is killed at the worst moment: real processes, and the real OpenCode. */
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { git, repositoryIn } from '../support/git.js';
import { startWorkerStage, until, type StagedWorker, type WorkerStage } from '../support/worker-stage.js';

/** A busy machine takes six times as long. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });
const AT_MOST_MS = 240_000;

let stage: WorkerStage;
let cwd: string;
beforeAll(async () => {
  stage = await startWorkerStage();
  ({ cwd } = stage.opencode);
  await repositoryIn(cwd);
});
afterAll(() => stage?.dispose());

async function worker(): Promise<StagedWorker> {
  const started = stage.worker();
  await until(() => /worker is ready/.test(started.said()), AT_MOST_MS);
  return started;
}

async function kill({ process: its }: StagedWorker): Promise<void> {
  process.kill(stage.holder(), 'SIGKILL');
  await its;
}

test('a worker that is killed while git makes the work tree: the next one makes it, and opens one session', async () => {
  const at = (name: string) => join(stage.opencode.dir, name);
  const hook = join(cwd, '.git', 'hooks', 'post-checkout');
  await writeFile(hook, `#!/bin/sh\ntouch ${at('begun')}\nuntil test -e ${at('go')}; do sleep 0.05; done\n`);
  await chmod(hook, 0o755);
  const first = await worker();
  const result = stage.manager.delegate('own', 'Hello', { workspace: { mode: 'worktree' } });
  result.catch(() => undefined); // It is awaited below.
  await until(() => existsSync(at('begun')), AT_MOST_MS);
  await kill(first);
  await writeFile(at('go'), '');
  const second = await worker();
  const { status, workspace, session_id } = await result;
  expect({ status, branch: workspace?.branch }).toEqual({ status: 'completed', branch: 'continuity/own' });
  expect(await git(`${workspace?.directory}`, 'status', '--porcelain')).toBe('');
  expect((await git(cwd, 'worktree', 'list')).split('\n')).toHaveLength(2);
  const { sessions } = await stage.manager.view('own');
  expect(sessions.map((session) => session.session_id)).toEqual([session_id]);
  await kill(second);
});

test('a worker that is killed while a turn works alone: the next one lets no other turn in before that one has ended', async () => {
  const queue = { workspace: { mode: 'queue' } } as const;
  const first = await worker();
  const one = stage.manager.delegate('one', toolOf('one'), queue);
  one.catch(() => undefined);
  await until(() => existsSync(join(cwd, 'one.begun')), AT_MOST_MS);
  const two = stage.manager.delegate('two', toolOf('two'), queue);
  two.catch(() => undefined);
  await until(async () => /waits for topic one/.test(`${(await stepOf('two')) ?? ''}`), AT_MOST_MS);
  await kill(first);
  await worker();
  await until(async () => /waits for topic one/.test(`${(await stepOf('two')) ?? ''}`), AT_MOST_MS);
  await until(async () => ((await stage.attemptAt('one'))?.attempt ?? 0) > 1, AT_MOST_MS);
  expect(existsSync(join(cwd, 'two.begun'))).toBe(false);
  await writeFile(join(cwd, 'one.go'), '');
  expect(await one).toMatchObject({ status: 'completed' });
  await writeFile(join(cwd, 'two.go'), '');
  expect(await two).toMatchObject({ status: 'completed' });
});

/** A topic that was just asked for may not be there yet. */
const stepOf = (topic: string) =>
  stage.manager.progress(topic).then(
    (its) => its?.step,
    () => undefined,
  );
const toolOf = (name: string) => `Work [[bash: touch ${name}.begun; until test -e ${name}.go; do sleep 0.05; done]]`;
