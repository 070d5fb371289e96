/** Finds out how a person restores a working directory that is gone. */
import { isAbsolute, join } from 'node:path';
import { shellWord } from '../contract/shell-word.js';
import { withGit } from '../host/git.js';
import type { RunTurnInput, RunTurnOutput } from './types.js';

const GIT_ANSWERS_WITHIN_MS = 10_000;

/** Adds the command that restores the directory to a turn that failed with CWD_MISSING. */
export async function withWayBack(input: RunTurnInput, output: RunTurnOutput): Promise<RunTurnOutput> {
  const { error } = output;
  if (error?.code !== 'CWD_MISSING') return output;
  const again = `Then send a follow-up. What is queued goes on with: continuity retry ${shellWord(input.topic)}`;
  // Of a work tree of ours, it is known what became of it.
  const fix = input.pinned.workspace ? error.fix : await fixFor(input);
  return { ...output, error: { ...error, fix: `${fix} ${again}` } };
}

async function fixFor(input: RunTurnInput): Promise<string> {
  return (await commandFor(input)) ?? 'Create it again, mount it, or move it back to where it was.';
}

/** The repository still lists a work tree whose directory was removed. */
async function commandFor({ pinned: { cwd, project } }: RunTurnInput): Promise<string | undefined> {
  if (!isAbsolute(project)) return undefined;
  try {
    const listed = await withGit({ withinMs: GIT_ANSWERS_WITHIN_MS }, (git) =>
      git(project, 'worktree', 'list', '--porcelain'),
    );
    const tree = workTreesIn(listed).find(({ path }) => cwd === path || cwd.startsWith(join(path, '/')));
    if (!tree) return undefined;
    const words = ['git', '-C', project, 'worktree', 'add', '--force', tree.path, tree.checkedOut];
    return `It was a work tree of ${project}. Bring it back with: ${words.map(shellWord).join(' ')}.`;
  } catch {
    return undefined; // No git, or the repository is gone as well.
  }
}

/** Blocks of lines such as `worktree /path`, `HEAD 12ab…`, `branch refs/heads/main`. */
function workTreesIn(listed: string): { path: string; checkedOut: string }[] {
  return listed.split('\n\n').flatMap((block) => {
    const facts = new Map([...block.matchAll(/^(\S+) ?(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
    const path = facts.get('worktree');
    const checkedOut = facts.get('branch')?.replace(/^refs\/heads\//, '') ?? facts.get('HEAD');
    return path !== undefined && checkedOut !== undefined ? [{ path, checkedOut }] : [];
  });
}
