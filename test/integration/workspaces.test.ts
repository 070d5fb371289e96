/** Several topics in one repository, with the real OpenCode: what their results say of each other. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionId } from '../../src/contract/ids.js';
import type { TurnResult } from '../../src/contract/types.js';
import type { PromptOptions } from '../../src/client/prompt-of.js';
import type { SessionManager } from '../../src/client/session-manager.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from '../agents/opencode-under-test.js';
import { commitTo, git, repositoryIn } from '../support/git.js';
import { startWorld, type World } from '../support/world.js';

/** A busy machine takes six times as long, and a turn here takes seconds. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 240_000 });

let world: World;
let opencode: OpenCodeUnderTest;
let manager: SessionManager;
/** With a commit. */
let cwd: string;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  await mkdir(world.config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(world.config.dataDir, 'host-id'), 'host-1\n'); // Of the worker below.
  opencode = await openCodeUnderTest();
  cwd = opencode.cwd;
  await repositoryIn(cwd);
  await world.startWorker({
    config: { defaultAgent: 'opencode', agents: { opencode: { kind: 'opencode' } } },
    agents: new Map([['opencode', opencode.create()]]),
  });
  manager = await world.connect({ cwd });
});
afterAll(async () => {
  await world?.stopWorker();
  await opencode?.dispose();
  await world?.dispose();
});

const flag = (name: string) => join(opencode.dir, name);
const raise = (name: string) => writeFile(flag(name), '');
const isRaised = (name: string) => existsSync(flag(name));
/** Commits a file of that name, once it may. */
const commits = (name: string) =>
  `Commit ${name} [[bash: touch ${flag(`${name}.begun`)}; until test -e ${flag(`${name}.go`)}; do sleep 0.05; done; ` +
  `echo ${name} > ${name} && git add ${name} && git commit -q -m ${name} && echo done]]`;
const begun = (name: string) => poll(() => isRaised(`${name}.begun`)).toBe(true);

function working(name: string, options: PromptOptions = {}): Promise<TurnResult> {
  const result = manager.delegate(name, commits(name), options);
  result.catch(() => undefined); // It is awaited at the end of a test.
  return result;
}

const promptsIn = ({ session_id }: TurnResult, directory = cwd) =>
  opencode.promptsIn({ session_id: session_id as SessionId, cwd: directory, store: '' });

test('two topics that share a checkout both commit, and each is told of the other and of its commit', async () => {
  const [one, two] = [working('one'), working('two')];
  await Promise.all([begun('one'), begun('two')]);
  await poll(async () => (await manager.progress('one'))?.shares_directory_with).toEqual(['two']);
  await raise('one.go');
  expect(await one).toMatchObject({ status: 'completed', shares_directory_with: ['two'] });
  await raise('two.go');
  expect(await two).toMatchObject({ status: 'completed', shares_directory_with: ['one'] });
  expect(await git(cwd, 'log', '--format=%s', '-2')).toBe('two\none');

  const [is, was] = (await git(cwd, 'log', '--format=%H', '-2')).split('\n');
  const followUp = await manager.delegate('one', 'What now?');
  expect(followUp.ground).toEqual({ was: { branch: 'main', commit: was }, is: { branch: 'main', commit: is } });
  expect((await promptsIn(followUp)).at(-1)).toMatch(/^Note: .* moved from main at \w{10} to main at \w{10}\. .*\n\n/);
  const { ground, shares_directory_with } = await manager.delegate('one', 'And now?');
  expect({ ground, shares_directory_with }).toEqual({});
  expect((await promptsIn(followUp)).at(-1)).toBe('And now?');
});

test('two topics that queue for a checkout commit one after the other, and hold up no other directory', async () => {
  const queue = { workspace: { mode: 'queue' } } as const;
  const three = working('three', queue);
  await begun('three');
  const four = working('four', queue);
  await poll(async () => (await manager.progress('four'))?.step).toBe(`waits for topic three, which works in ${cwd}`);
  expect(await manager.delegate('elsewhere', 'Hello', { ...queue, cwd: world.dir })).toMatchObject({
    status: 'completed',
  });
  expect(isRaised('four.begun')).toBe(false);
  await raise('three.go');
  await begun('four');
  await raise('four.go');
  const results = await Promise.all([three, four]);
  expect(results.map(({ status, shares_directory_with: others }) => [status, others])).toEqual([
    ['completed', undefined],
    ['completed', undefined],
  ]);
  expect(await git(cwd, 'log', '--format=%s', '-2')).toBe('four\nthree');
});

test('a turn that waits for its directory can be cancelled', async () => {
  const queue = { workspace: { mode: 'queue' } } as const;
  const five = working('five', queue);
  await begun('five');
  const six = working('six', queue);
  await poll(async () => (await manager.progress('six'))?.step).toContain('waits for topic five');
  await manager.cancel('six');
  expect(await six).toMatchObject({ status: 'cancelled' });
  await raise('five.go');
  expect(await five).toMatchObject({ status: 'completed' });
  expect(await manager.delegate('six', 'Again', queue)).toMatchObject({ status: 'completed' });
});

test('a directory that is gone parks the queue, and the failure has the command that brings it back', async () => {
  const linked = join(await realpath(opencode.dir), 'linked');
  await git(cwd, 'worktree', 'add', '-q', linked, '-b', 'feature');
  await commitTo(linked, 'feature', 'a feature');
  const first = manager.delegate(
    'gone',
    `Wait [[bash: touch ${flag('gone.begun')}; until test -e ${flag('gone.go')}; do sleep 0.05; done]]`,
    {
      cwd: linked,
    },
  );
  await begun('gone');
  await manager.submit('gone', 'At hand', { prompt_id: 'at-hand' });
  await manager.submit('gone', 'Behind', { prompt_id: 'behind' });
  await rm(linked, { recursive: true });
  await raise('gone.go');
  const { session_id } = await first;
  const failed = await manager.wait('gone', 'at-hand');
  expect(failed).toMatchObject({ status: 'failed', session_id, error: { code: 'CWD_MISSING' } });
  await poll(async () => (await manager.view('gone')).running?.waiting).toMatchObject({
    for: 'agent',
    because: { code: 'CWD_MISSING', fix: failed.error?.fix },
  });
  const [, command] = /Bring it back with: (.*)\. Then send a follow-up\./.exec(`${failed.error?.fix}`) ?? [];
  await execa('sh', ['-c', `${command}`]);
  expect(await readdir(linked)).toContain('feature');
  expect(await manager.retry('gone')).toEqual({ effect: 'retrying' });
  expect(await manager.wait('gone', 'behind')).toMatchObject({ status: 'completed', session_id });
});

test('two topics that have work trees both commit, say where, and are merged', async () => {
  await writeFile(join(cwd, 'not-committed'), '');
  const own = { workspace: { mode: 'worktree' } } as const;
  const [eight, nine] = [working('eight', own), working('nine', own)];
  await Promise.all([begun('eight'), begun('nine')]);
  await raise('eight.go');
  await raise('nine.go');
  const first = await eight;
  expect(first).toMatchObject({
    ...{ status: 'completed', session: { kind: 'new' } },
    workspace: { mode: 'worktree', branch: 'continuity/eight', from: cwd, left_out: 1 },
  });
  const directory = `${first.workspace?.directory}`;
  const others = [first, await nine].map(({ shares_directory_with: topics }) => topics);
  expect(others).toEqual([undefined, undefined]);
  expect(await git(directory, 'log', '--format=%s', '-1')).toBe('eight');
  expect(await git(cwd, 'branch', '--list', '--format=%(refname:short)', 'continuity/*')).toBe(
    'continuity/eight\ncontinuity/nine',
  );
  const { sessions, project } = await manager.view('eight');
  expect(sessions[0]?.pinned).toMatchObject({ cwd: directory, asked_cwd: cwd, workspace: first.workspace });
  expect(project).toBe((await manager.view('one')).project);

  await expect(manager.forget('eight')).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
  expect(await manager.workspaces.merge('eight')).toMatchObject({ into: 'main', commits: 1 });
  expect(await manager.workspaces.merge('nine')).toMatchObject({ into: 'main', commits: 1 });
  expect(await readdir(cwd)).toEqual(expect.arrayContaining(['eight', 'nine', 'not-committed']));
  expect(existsSync(directory)).toBe(false);

  const next = await manager.delegate('eight', 'What now?', own);
  expect(next).toMatchObject({
    ...{ status: 'completed', session_id: first.session_id, session: { kind: 'resumed' } },
    workspace: { directory, base: await git(cwd, 'rev-parse', 'HEAD') },
    ground: { is: { branch: 'continuity/eight', commit: await git(cwd, 'rev-parse', 'HEAD') } },
  });
  await manager.delegate('eight', `Write [[bash: touch new]]`, { cwd });
  await expect(manager.workspaces.discard('eight')).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
  const { kept_as } = await manager.workspaces.discard('eight', { force: true });
  expect(await git(cwd, 'ls-tree', '--name-only', `${kept_as}`)).toContain('new');
});

test('a session never moves: another workspace is refused, or opens a new session', async () => {
  const refused = await manager.delegate('six', 'Elsewhere', { workspace: { mode: 'worktree' } });
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'SESSION_PINNED' } });
  const opened = await manager.delegate('six', 'Elsewhere', { workspace: { mode: 'worktree' }, session: 'new' });
  expect(opened).toMatchObject({ status: 'completed', workspace: { branch: 'continuity/six' } });
  const back = await manager.delegate('six', 'Back', { workspace: { mode: 'shared' } });
  expect(back).toMatchObject({ status: 'failed', error: { code: 'SESSION_PINNED' } });
});
