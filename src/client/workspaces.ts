/** Finishes the work tree of a topic, on the host that has it. */
import { knownHostId, type Config } from '../config.js';
import { failure } from '../contract/failures.js';
import type { TopicView } from '../contract/views.js';
import type { Discarded, Merged, Worktree } from '../contract/workspace.js';
import { SessionError, sessionError } from './session-error.js';

type Place = { worktree: Worktree; host: string };

export class Workspaces {
  constructor(
    private readonly config: Config,
    private readonly view: (topic: string) => Promise<TopicView>,
  ) {}

  /**
   * Merges the topic's work tree into the branch that is checked out where it came from, and removes
   * it. A merge that conflicts is undone. `commit`: the message with which uncommitted changes are
   * committed first.
   *
   * @throws Failed WORKSPACE_BUSY, WORKSPACE_UNFINISHED, WORKSPACE_UNAVAILABLE, MERGE_CONFLICT
   */
  async merge(topic: string, { commit }: { commit?: string } = {}): Promise<Merged> {
    if (commit?.trim() === '') throw sessionError('INVALID_PROMPT', 'The message to commit with is empty.');
    const worktree = await idleWorktree(this.config, await this.view(topic));
    const { mergeWorktree } = await finishing();
    return mergeWorktree({ ...worktree, topic }, commit);
  }

  /**
   * Removes the topic's work tree and its branch. Work is refused, or with `force` kept under a ref.
   *
   * @throws Failed WORKSPACE_BUSY, WORKSPACE_UNFINISHED, WORKSPACE_UNAVAILABLE
   */
  async discard(topic: string, { force = false }: { force?: boolean } = {}): Promise<Discarded> {
    const worktree = await idleWorktree(this.config, await this.view(topic));
    const { discardWorktree } = await finishing();
    return discardWorktree({ ...worktree, topic }, force);
  }

  /**
   * A topic that is forgotten no longer knows its work tree. That of another host stays where it is.
   *
   * @throws SessionError WORKSPACE_UNFINISHED
   */
  async refuseToForget(topic: string): Promise<void> {
    const view = await this.view(topic).catch(() => undefined); // To forget it says why it cannot be asked.
    const place = view && placeIn(view);
    if (!place || place.host !== (await knownHostId(this.config.dataDir))) return;
    const { isStanding } = await finishing();
    if (!(await isStanding(place.worktree))) return;
    const { directory, branch } = place.worktree;
    const message = `Topic ${topic} has a work tree, ${directory}, on branch ${branch}.`;
    const fix = 'Merge it (continuity merge) or discard it (continuity discard) first.';
    throw new SessionError(failure('WORKSPACE_UNFINISHED', message, fix), { topic: view.topic });
  }
}

// Only a caller that finishes a work tree has to load what runs git.
const finishing = () => import('../stack/finish-worktree.js');

function placeIn({ sessions }: TopicView): Place | undefined {
  const pinned = sessions.findLast(({ pinned }) => pinned.workspace)?.pinned;
  return pinned?.workspace && { worktree: pinned.workspace, host: pinned.host };
}

async function idleWorktree({ dataDir }: Config, view: TopicView): Promise<Worktree> {
  const { topic, running, queue } = view;
  const place = placeIn(view);
  const refused = (code: 'WORKSPACE_UNAVAILABLE' | 'WORKSPACE_BUSY', message: string, fix?: string) =>
    new SessionError(failure(code, message, fix), { topic });
  if (!place)
    throw refused('WORKSPACE_UNAVAILABLE', `Topic ${topic} has no work tree of its own.`, 'There is nothing to do.');
  if (place.host !== (await knownHostId(dataDir)))
    throw refused(
      'WORKSPACE_UNAVAILABLE',
      `The work tree of topic ${topic} is on host ${place.host}, in ${place.worktree.directory}.`,
      'Run it there, with the data directory of its worker (--data-dir).',
    );
  if (running || queue.length > 0)
    throw refused('WORKSPACE_BUSY', `Topic ${topic} ${running ? 'has a running turn' : 'has queued prompts'}.`);
  return place.worktree;
}
