/**
 * What became of a prompt. ACP has no ids of prompts, and a replay does not tell whether a turn has
 * ended. So it is read from our own notes: that it was put in, and how it ended, which is noted as
 * soon as the agent has answered.
 */
import { defined } from '../../contract/defined.js';
import type { SessionRef } from '../agent.js';
import type { PromptKey, Sight } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import type { TurnFact } from './home.js';
import { takeUp, type AcpAgent } from './session.js';
import type { SessionRun } from './session-run.js';

/** undefined: the agent does not have the session. @throws AgentError, Unreachable */
export async function lookAt(agent: AcpAgent, session: SessionRef, wanted?: PromptKey): Promise<Sight | undefined> {
  const { home } = agent;
  const { session_id } = session;
  const working = workingIn(agent, session);
  const last = (await home.sessions.get(session_id))?.last as PromptKey | undefined;
  const key = wanted ?? working?.key ?? last;
  const turn = key === undefined ? undefined : await home.turns.get(key);
  // Before a prompt is put in, and only then: whether the agent still has the session. Where the
  // directory is gone it cannot be asked; the prompt is refused for that.
  const isNew = wanted !== undefined && !turn && !working;
  if (isNew && !(await failureOfDirectory(session.cwd)) && !(await takeUp(agent, session))) return undefined;
  return sightOf({ key, turn, working, last });
}

export function workingIn({ home }: AcpAgent, { session_id }: SessionRef): SessionRun | undefined {
  const run = home.runs.get(session_id);
  return run?.key === undefined ? undefined : run;
}

interface Read {
  key: PromptKey | undefined;
  turn: TurnFact | undefined;
  working: SessionRun | undefined;
  last: PromptKey | undefined;
}

function sightOf({ key, turn, working, last }: Read): Sight {
  const isThis = working !== undefined && working.key === key;
  const end = isThis ? undefined : turn?.end;
  const {
    reply = '',
    reply_parts,
    model,
    steps = 0,
    context,
  } = isThis
    ? { ...working.said.words, model: working.model, steps: working.said.tools, context: working.said.context }
    : (turn?.end ?? {});
  return {
    ...(key !== undefined && { key }),
    prompt: turn ? 'present' : 'absent',
    ...(turn && { text: turn.text }),
    ...(end && { end: { status: end.status, ...defined({ error: end.error, refused: end.refused }) } }),
    superseded: turn !== undefined && last !== undefined && last !== key,
    busy: working ? (isThis ? 'this' : 'ours') : false,
    steps,
    fingerprint: JSON.stringify([
      key,
      turn !== undefined,
      end?.status,
      isThis ? [working.said.updates, working.asks.changes] : [],
    ]),
    done: () => [
      ...(reply === '' ? [] : [{ type: 'did' as const, text: reply.slice(-400) }]),
      ...(isThis && working.asks.all.length > 0 ? [working.blocked()] : []),
    ],
    said: () => ({ reply, ...defined({ reply_parts, model, context }) }),
  };
}
