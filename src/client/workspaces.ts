/** Finishes the work tree of a topic, on the host that has it. */
import { knownHostId, type Config } from '../config.js';
import { failure } from '../contract/failures.js';
import type { TopicView } from '../contract/views.js';
import type { Discarded, Merged, Worktree } from '../contract/workspace.js';
import { SessionError, sessionError } from './session-error.js';

interface Stoppable {
  /** Stops git. A merge that has begun is undone, and a removal goes on with the next call. */
  signal?: AbortSignal;
}

type Place = { worktree: Worktree; host: string };

export class Workspaces {
  constructor(
    private readonly config: Config,
    private readonly view: (topic: string) => Promise<TopicView>,
  ) {}

  /**
   * Merges the topic's work tree into the branch of the directory that it was made from, and removes
   * the work tree. A merge that conflicts is undone. `commit`: the message with which uncommitted changes are
   * committed first.
   *
   * @throws Failed WORKSPACE_BUSY, WORKSPACE_UNFINISHED, WORKSPACE_UNAVAILABLE, MERGE_CONFLICT
   */
  async merge(topic: string, { commit, signal }: { commit?: string } & Stoppable = {}): Promise<Merged> {
    if (commit?.trim() === '') throw sessionError('INVALID_PROMPT', 'The message to commit with is empty.');
    const { mergeWorktree, isStanding } = await finishing();
    const worktree = await idleWorktree(this.config, await this.view(topic), isStanding);
    return mergeWorktree({ ...worktree, topic }, commit, signal);
  }

  /**
   * Removes the topic's work tree and its branch. Work is refused, or with `force` kept under a ref.
   *
   * @throws Failed WORKSPACE_BUSY, WORKSPACE_UNFINISHED, WORKSPACE_UNAVAILABLE
   */
  async discard(topic: string, { force = false, signal }: { force?: boolean } & Stoppable = {}): Promise<Discarded> {
    const { discardWorktree, isStanding } = await finishing();
    const worktree = await idleWorktree(this.config, await this.view(topic), isStanding);
    return discardWorktree({ ...worktree, topic }, force, signal);
  }

  /**
   * Discards the work tree of a topic that is forgotten. A work tree on another host stays.
   *
   * @throws SessionError WORKSPACE_UNFINISHED
   */
  async refuseToForget(topic: string): Promise<void> {
    const view = await this.view(topic).catch(() => undefined); // To forget it says why it cannot be asked.
    const places = view ? placesIn(view) : [];
    if (!view || places.length === 0) return;
    const { isStanding } = await finishing();
    const standing = await standingHere(places, await knownHostId(this.config.dataDir), isStanding);
    if (!standing) return;
    const { directory, branch } = standing.worktree;
    const message = `Topic ${topic} has a work tree, ${directory}, on branch ${branch}.`;
    const fix = 'Merge it (continuity merge) or discard it (continuity discard) first.';
    throw new SessionError(failure('WORKSPACE_UNFINISHED', message, fix), { topic: view.topic });
  }
}

// Loaded late, because only a caller that finishes a work tree needs it.
const finishing = () => import('../stack/finish-worktree.js');

type IsStanding = (worktree: Worktree) => Promise<boolean>;

/** The topic's work trees, one for each repository, the newest first. */
function placesIn({ sessions }: TopicView): Place[] {
  const places = sessions.flatMap(({ pinned: { workspace, host } }): Place[] =>
    workspace ? [{ worktree: workspace, host }] : [],
  );
  return places.reverse();
}

async function standingHere(
  places: Place[],
  host: string | undefined,
  isStanding: IsStanding,
): Promise<Place | undefined> {
  for (const place of places) if (place.host === host && (await isStanding(place.worktree))) return place;
  return undefined;
}

async function idleWorktree({ dataDir }: Config, view: TopicView, isStanding: IsStanding): Promise<Worktree> {
  const { topic, running, queue } = view;
  const host = await knownHostId(dataDir);
  const [newest, ...others] = placesIn(view);
  const place = newest && ((await standingHere([newest, ...others], host, isStanding)) ?? newest);
  const refused = (code: 'WORKSPACE_UNAVAILABLE' | 'WORKSPACE_BUSY', message: string, fix?: string) =>
    new SessionError(failure(code, message, fix), { topic });
  if (!place)
    throw refused('WORKSPACE_UNAVAILABLE', `Topic ${topic} has no work tree of its own.`, 'There is nothing to do.');
  if (place.host !== host)
    throw refused(
      'WORKSPACE_UNAVAILABLE',
      `The work tree of topic ${topic} is on host ${place.host}, in ${place.worktree.directory}.`,
      'Run it there, with the data directory of its worker (--data-dir).',
    );
  if (running || queue.length > 0)
    throw refused('WORKSPACE_BUSY', `Topic ${topic} ${running ? 'has a running turn' : 'has queued prompts'}.`);
  return place.worktree;
}
