/** What a session is told of a repository that has moved. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { groundOf, movedBefore, toldOf } from '../../../src/activities/ground.js';
import type { RunTurnInput } from '../../../src/activities/types.js';
import { BRIEF_ENDS, isBriefed } from '../../../src/contract/brief-text.js';
import type { Ground } from '../../../src/contract/workspace.js';
import { commitTo, git, repositoryIn } from '../../support/git.js';

let dir: string;
let repository: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-ground-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  repository = join(dir, 'repository');
  await repositoryIn(repository);
});

test('the ground is the branch and the commit', async () => {
  const commit = await git(repository, 'rev-parse', 'HEAD');
  expect(await groundOf(repository)).toEqual({ branch: 'main', commit });
  await git(repository, 'checkout', '-q', '--detach');
  expect(await groundOf(repository)).toEqual({ commit });
});

test('there is none outside of a repository, before the first commit, and where there is no directory', async () => {
  await git(dir, 'init', '-q', 'empty');
  expect(await groundOf(dir)).toBeUndefined();
  expect(await groundOf(join(dir, 'empty'))).toBeUndefined();
  expect(await groundOf(join(dir, 'none'))).toBeUndefined();
});

describe('before a turn', () => {
  const input = (prompt_id: string, ground_before?: Ground) =>
    ({
      prompt_id,
      session_id: 's',
      pinned: { cwd: repository },
      ...(ground_before && { ground_before }),
    }) as RunTurnInput;

  test('a commit of somebody else has moved it, and a repeated attempt finds the same', async () => {
    const was = (await groundOf(repository))!;
    expect(await movedBefore(input('first', was), dir)).toBeUndefined();
    await commitTo(repository, 'a', 'a');
    const is = (await groundOf(repository))!;
    expect(await movedBefore(input('first', was), dir)).toBeUndefined();
    expect(await movedBefore(input('second', was), dir)).toEqual({ was, is });
    await commitTo(repository, 'b', 'b');
    expect(await movedBefore(input('second', was), dir)).toEqual({ was, is });
  });

  test('another branch at the same commit has moved it', async () => {
    const was = (await groundOf(repository))!;
    await git(repository, 'checkout', '-q', '-b', 'other');
    expect(await movedBefore(input('p', was), dir)).toEqual({ was, is: { ...was, branch: 'other' } });
  });

  test('nothing is compared where the ground before is not known', async () => {
    expect(await movedBefore(input('p'), dir)).toBeUndefined();
  });
});

test('the agent is told in one line, which is a brief', () => {
  const moved = { was: { branch: 'main', commit: '1'.repeat(40) }, is: { commit: '2'.repeat(40) } };
  const asked: Pick<RunTurnInput, 'prompt' | 'brief_length'> = { prompt: 'Go on' };
  const { prompt, brief_length } = toldOf(asked, moved);
  expect(prompt).toContain('moved from main at 1111111111 to a detached head at 2222222222');
  expect(prompt.slice(0, -(BRIEF_ENDS + 'Go on').length)).not.toContain('\n');
  expect(isBriefed(prompt, 'Go on')).toBe(true);
  expect(prompt.slice(brief_length)).toBe('Go on');

  const other = `Note: another agent worked.${BRIEF_ENDS}`;
  const both = toldOf({ prompt: `${other}Go on`, brief_length: other.length }, moved);
  expect(both.prompt.slice(both.brief_length)).toBe('Go on');
  expect(isBriefed(both.prompt, 'Go on')).toBe(true);
  expect(toldOf({ prompt: 'Go on' }, undefined)).toEqual({ prompt: 'Go on' });
});
