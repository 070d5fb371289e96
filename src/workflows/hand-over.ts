/**
 * Handing a topic over from one session to another: what has to be asked of its host before the
 * session is chosen, and before the brief is made. The brief is made once, and is part of the
 * prompt's text from then on.
 */
import * as wf from '@temporalio/workflow';
import type { BriefDue, SessionRecord } from '../contract/state.js';
import { briefOf, goalsOf } from './brief.js';
import * as calls from './calls.js';
import { chooseByAgent } from './choose-by-agent.js';
import { openingOf, type Chosen } from './choose-session.js';
import { missedSince, turnsMissedBy } from './line-of-work.js';
import { onHost } from './on-host.js';
import { sessionOf } from './session-state.js';
import type { Work } from './turn.js';

/** @throws what `resolveAgent` throws, such as AGENT_UNKNOWN */
export async function chooseWithAgent(work: Work, asked: SessionRecord): Promise<Chosen> {
  const { state } = work.topic;
  const { request } = work.prompt;
  const unknown = state.sessions.flatMap(({ pinned }) => (pinned.kind === undefined ? [pinned.agent] : []));
  const input = { opening: openingOf(state, request, asked), agents: [...new Set(unknown)] };
  const resolved = await onHost(work, asked.pinned.host, (where) => calls.resolveAgent(input, where));
  return chooseByAgent(state, request, asked, resolved);
}

export async function briefWithFiles(work: Work, session: SessionRecord, due: BriefDue): Promise<string> {
  const { stat } = await changedFiles(work, session);
  return briefFor(work, session, due, stat);
}

export function briefFor({ topic }: Work, session: SessionRecord, due: BriefDue, stat?: string): string {
  const { id, state } = topic;
  const turns = turnsMissedBy(state, session);
  const agent = sessionOf(state, due.from)?.pinned.agent ?? turns.at(-1)?.agent ?? 'unknown';
  return briefOf({ topic: id, due, agent, returns: session.left !== undefined, turns, stat });
}

/** What the topic has asked in the session, which knows only a summary of it by now. */
export function goalsFor({ topic: { id, state } }: Work, { session_id }: SessionRecord): string {
  return goalsOf(
    id,
    state.outcomes.filter((one) => one.turn > 0 && one.session_id === session_id),
  );
}

/** A brief without them is a brief all the same: only a host that is gone and a cancel end the turn. */
async function changedFiles(work: Work, session: SessionRecord): Promise<{ stat?: string }> {
  const input = { cwd: session.pinned.cwd, since: missedSince(work.topic.state, session) };
  try {
    return await onHost(work, session.pinned.host, (where) => calls.changedFiles(input, where));
  } catch (error) {
    if (wf.isCancellation(error) || !(error instanceof wf.ActivityFailure)) throw error;
    return {};
  }
}
