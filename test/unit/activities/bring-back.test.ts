/** A directory that is gone: the failure says how to bring it back. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withWayBack } from '../../../src/activities/bring-back.js';
import type { RunTurnInput, RunTurnOutput } from '../../../src/activities/types.js';
import { failure, type FailureCode } from '../../../src/contract/failures.js';
import { git, repositoryIn } from '../../support/git.js';

async function fixOf(cwd: string, project: string, code: FailureCode = 'CWD_MISSING'): Promise<string | undefined> {
  const input = { topic: "it's", pinned: { cwd, project } } as unknown as RunTurnInput;
  const output: RunTurnOutput = { status: 'failed', reply: '', attempts: 1, error: failure(code, 'It is gone.') };
  return (await withWayBack(input, output)).error?.fix;
}

test('with the command for a git work tree, whatever its directory is called', async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "continuity-it's gone-")));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [repository, linked, detached] = [join(dir, 'repository'), join(dir, 'linked'), join(dir, 'detached')];
  await repositoryIn(repository);
  await git(repository, 'worktree', 'add', '-q', linked, '-b', 'feature/one');
  await git(repository, 'worktree', 'add', '-q', '--detach', detached);
  await mkdir(join(linked, 'web'));
  for (const [tree, cwd] of [
    [linked, join(linked, 'web')],
    [detached, detached],
  ] as const) {
    await rm(tree, { recursive: true });
    const [, command = ''] =
      /Bring it back with: (.*)\. Then send a follow-up\./.exec(`${await fixOf(cwd, repository)}`) ?? [];
    execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    expect(existsSync(join(tree, 'README.md'))).toBe(true);
  }
  expect(await git(linked, 'branch', '--show-current')).toBe('feature/one');
  expect(await fixOf(join(dir, 'elsewhere'), repository)).toMatch(/^Create it again, .*continuity retry 'it'\\''s'$/);
});

test('for a work tree of the topic as was found out where it should be', async () => {
  const error = failure('CWD_MISSING', 'It is gone.', 'Repair it.');
  const input = { topic: 'auth', pinned: { cwd: '/gone', project: '/p', workspace: {} } } as unknown as RunTurnInput;
  const output = await withWayBack(input, { status: 'failed', reply: '', attempts: 1, error });
  expect(output.error?.fix).toMatch(/^Repair it\. Then send a follow-up\..*continuity retry auth$/);
});

test('without git in general words, and other failures stay as they are', async () => {
  expect(await fixOf('/gone', 'a project with a name')).toMatch(/^Create it again/);
  expect(await fixOf('/gone', '/nowhere')).toMatch(/^Create it again/);
  expect(await fixOf('/gone', '/nowhere', 'AGENT_AUTH')).toBe(failure('AGENT_AUTH', '').fix);
});
