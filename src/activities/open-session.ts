/**
 * Opens a session with the agent, once. A repeated attempt finds the session of the attempt before.
 */
import { Context } from '@temporalio/activity';
import { defined } from '../contract/defined.js';
import { workflowIdOf } from '../contract/ids.js';
import type { ActivityContext } from './context.js';
import { resolve } from './resolve.js';
import { refusal, translated } from './translate.js';
import type { OpenSessionInput, OpenSessionOutput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export async function openSession(input: OpenSessionInput, context: ActivityContext): Promise<OpenSessionOutput> {
  const { config, agents, host } = context;
  const { cancellationSignal, heartbeat } = Context.current();
  const beat = setInterval(heartbeat, HEARTBEAT_EVERY_MS);
  try {
    const resolved = await resolve(input, config, context);
    const agent = agents.get(resolved.agent);
    if (!agent)
      throw refusal(
        'AGENT_UNKNOWN',
        `Agent ${resolved.agent} is in the config of host ${host}, but its worker was started without it.`,
      );
    const { cwd, model, variant, mode } = resolved;
    const opened = await agent.open(
      {
        // The prompt's id alone is not unique: two topics, or two lives of one topic, can use it,
        // and the turn of one prompt may open two sessions.
        seed: [workflowIdOf(input.topic), input.prompt_id, input.replaces, input.epoch && `epoch ${input.epoch}`]
          .filter(Boolean)
          .join('\n'),
        title: input.topic,
        cwd,
        ...defined({ model, variant, mode }),
      },
      cancellationSignal,
    );
    const known = opened.model ?? model;
    return {
      session_id: opened.session_id,
      pinned: { ...resolved, ...defined({ model: known }), store: opened.store },
    };
  } catch (error) {
    cancellationSignal.throwIfAborted();
    throw translated(error);
  } finally {
    clearInterval(beat);
  }
}
