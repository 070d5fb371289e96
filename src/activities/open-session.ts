/** Opens a session with the agent, once: an attempt that is repeated finds the session of the one before. */
import { Context } from '@temporalio/activity';
import { workflowIdOf } from '../contract/ids.js';
import type { ActivityContext } from './index.js';
import { resolve } from './resolve.js';
import { refusal, translated } from './translate.js';
import type { OpenSessionInput, OpenSessionOutput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export async function openSession(input: OpenSessionInput, { config, agents, host, projectOf }: ActivityContext): Promise<OpenSessionOutput> {
  const { cancellationSignal, heartbeat } = Context.current();
  const beat = setInterval(heartbeat, HEARTBEAT_EVERY_MS);
  try {
    const resolved = await resolve(input, config, host, projectOf);
    const agent = agents.get(resolved.agent);
    if (!agent) throw refusal('AGENT_UNKNOWN', `Agent ${resolved.agent} is in the config of host ${host}, but its worker was started without it.`);
    const { cwd, model, variant, mode } = resolved;
    const opened = await agent.open(
      {
        // The prompt's id alone can be used in two topics and in two lives of one, and its turn may open two sessions.
        seed: [workflowIdOf(input.topic), input.prompt_id, input.replaces, input.epoch && `epoch ${input.epoch}`].filter(Boolean).join('\n'),
        title: input.topic,
        cwd,
        ...(model !== undefined && { model }),
        ...(variant !== undefined && { variant }),
        ...(mode !== undefined && { mode }),
      },
      cancellationSignal,
    );
    const known = opened.model ?? model;
    return { session_id: opened.session_id, pinned: { ...resolved, ...(known !== undefined && { model: known }), store: opened.store } };
  } catch (error) {
    cancellationSignal.throwIfAborted();
    throw translated(error);
  } finally {
    clearInterval(beat);
  }
}
