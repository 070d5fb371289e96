/** A topic that has worked in two repositories has a work tree of each. */
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Workspaces } from '../../../src/client/workspaces.js';
import type { Config } from '../../../src/config.js';
import type { TopicView } from '../../../src/contract/views.js';
import { hostIdOf } from '../../../src/host/host-id.js';
import { openWorktree } from '../../../src/host/worktrees.js';
import { commitTo, git, repositoryIn } from '../../support/git.js';

test('each of them is merged or discarded, the newest first, before the topic is forgotten', async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-two-repositories-')));
  onTestFinished(() => rm(dir, { recursive: true }));
  const dataDir = join(dir, 'data');
  const repositories = [join(dir, 'older'), join(dir, 'newer')];
  const sessions: object[] = [];
  for (const repository of repositories) {
    await repositoryIn(repository);
    const { worktree } = await openWorktree(repository, { topic: 'auth', dataDir });
    await commitTo(worktree.directory, 'work', 'work');
    sessions.push({ pinned: { workspace: worktree, host: await hostIdOf(dataDir) } });
  }
  const view = { topic: 'auth', sessions, queue: [] } as unknown as TopicView;
  const workspaces = new Workspaces({ dataDir } as Config, () => Promise.resolve(view));

  expect(await workspaces.merge('auth')).toMatchObject({ from: repositories[1], commits: 1 });
  await expect(workspaces.refuseToForget('auth')).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
  await expect(workspaces.discard('auth')).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
  expect(await workspaces.merge('auth')).toMatchObject({ from: repositories[0], commits: 1 });
  expect(existsSync(join(repositories[0]!, 'work'))).toBe(true);
  await workspaces.refuseToForget('auth');
  await expect(workspaces.merge('auth')).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE' });
  expect(await git(repositories[0]!, 'branch', '--list', 'continuity/*')).toBe('');
});
