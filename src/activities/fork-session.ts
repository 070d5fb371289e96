/**
 * Copies a session in its agent's own store, once. A repeated attempt finds the copy of the attempt
 * before. The original is only read.
 */
import { defined } from '../contract/defined.js';
import type { Pinned } from '../contract/types.js';
import { openWorktree } from '../host/worktrees.js';
import { agentOf, contextIn } from './configured.js';
import type { ActivityContext } from './context.js';
import { existingDirectory } from './resolve.js';
import { sessionRefOf } from './session-ref.js';
import { seedOf } from './seed.js';
import { withHeartbeats } from './with-heartbeats.js';
import type { ForkSessionInput, ForkSessionOutput } from './fork-types.js';

export async function forkSession(input: ForkSessionInput, worker: ActivityContext): Promise<ForkSessionOutput> {
  return withHeartbeats(async (signal) => {
    const { topic, from } = input;
    const asked = input.cwd ?? from.pinned.asked_cwd ?? from.pinned.cwd;
    const place = input.cwd === undefined && !from.pinned.workspace ? from.pinned.cwd : asked;
    const cwd = await existingDirectory(place, worker.host);
    const context = await contextIn(cwd, worker);
    const agent = agentOf({ session_id: from.session_id, pinned: input.pinned }, context);
    if (!agent.fork) return { cannot: `agent ${agent.name} cannot copy a session` };
    const pinned = await placed(input, { asked, cwd }, context, signal);
    const { model, variant, mode } = pinned;
    const seed = seedOf(input, `fork of ${from.session_id}`);
    const request = { seed, title: topic, cwd: pinned.cwd, ...defined({ model, variant, mode }) };
    const original = { from: sessionRefOf(from), through: from.prompt_id };
    const { session_id, store } = await agent.fork({ ...request, ...original }, signal);
    context.log('session was forked', { topic, session_id, from: from.session_id });
    return { session_id, pinned: { ...pinned, host: worker.host, store } };
  });
}

/** Two topics never share a work tree. If the original has one, the copy gets its own. */
async function placed(
  { topic, pinned: settings, from, workspace }: ForkSessionInput,
  { asked, cwd }: { asked: string; cwd: string },
  { config }: ActivityContext,
  signal: AbortSignal,
): Promise<Pinned> {
  const { asked_cwd: _asked, workspace: _its, ...kept } = settings;
  const name = defined({ asked_cwd: asked === cwd ? undefined : asked });
  const mode = workspace ?? (from.pinned.workspace ? 'worktree' : 'shared');
  if (mode !== 'worktree') return { ...kept, ...name, cwd };
  const opened = await openWorktree(cwd, { topic, dataDir: config.dataDir, signal });
  return { ...kept, cwd: opened.cwd, asked_cwd: asked, workspace: opened.worktree };
}
