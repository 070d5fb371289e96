/**
 * `npm run bench:worktree` measures what a git work tree of its own adds to the first turn of a new
 * topic, in a repository of 10,000 files, and what git's own `worktree add` takes. The agent answers
 * at once. They take turns, so that noise of the machine affects all of them.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WorkspaceMode } from '../src/contract/workspace.js';
import { git } from '../test/support/git.js';
import { startWorld } from '../test/support/world.js';

const { values } = parseArgs({
  options: { files: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '7' } },
});
const files = Number(values.files);
const MODES: readonly WorkspaceMode[] = ['shared', 'worktree'];

const world = await startWorld();
const repository = join(world.dir, 'repository');
const times: Record<string, number[]> = {};
try {
  execFileSync('git', ['init', '-q', '-b', 'main', repository]);
  execFileSync('git', ['fast-import', '--quiet'], { cwd: repository, input: commitOf(files) });
  await git(repository, 'reset', '-q', '--hard');
  await opened('shared'); // Warms the worker up.
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const mode of MODES) (times[mode] ??= []).push(await opened(mode));
    const since = performance.now();
    await git(repository, 'worktree', 'add', '--quiet', '-b', `bare-${round}`, join(world.dir, `bare-${round}`));
    (times.git ??= []).push(performance.now() - since);
  }
  const medians = [...MODES, 'git'].map((mode) => [mode, medianOf(times[mode] ?? [])] as const);
  for (const [mode, ms] of medians) console.log(`${mode}: ${Math.round(ms)} ms, of ${files} files`);
  const [shared = 0, worktree = 0, bare = 0] = medians.map(([, ms]) => ms);
  console.log(`a work tree adds ${Math.round(worktree - shared)} ms; git alone takes ${Math.round(bare)} ms`);
  console.log(JSON.stringify(times));
} finally {
  await world.dispose();
}

async function opened(mode: WorkspaceMode): Promise<number> {
  const since = performance.now();
  const { status, error } = await world.manager.delegate(randomUUID(), 'Hello', {
    cwd: repository,
    workspace: { mode },
  });
  if (status !== 'completed') throw new Error(`A turn ended as ${status}: ${error?.message}`);
  return performance.now() - since;
}

function medianOf(all: number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
}

/** Files of about 2 KiB in 100 folders, as `git fast-import` reads them. */
function commitOf(count: number): string {
  const contents = Array.from({ length: count }, (_, at) => {
    const text = `export const number${at} = ${at};\n`.repeat(60);
    return `M 100644 inline src/part-${at % 100}/file-${at}.ts\ndata ${text.length}\n${text}\n`;
  });
  return `commit refs/heads/main\ncommitter A person <person@example.com> 1700000000 +0000\ndata 5\nFiles\n${contents.join('')}`;
}
