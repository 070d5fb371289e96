/** Asks another topic for the session to copy. Changes nothing there. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { AgentError } from '../agents/agent.js';
import { Failed, failed, failure } from '../contract/failures.js';
import { originIn, type ForkOrigin } from '../contract/fork.js';
import { workflowIdOf, type TopicId } from '../contract/ids.js';
import { state as stateQuery } from '../contract/messages.js';
import { isTopicState, type TopicState } from '../contract/state.js';
import { translated } from './translate.js';
import type { FindOriginInput } from './fork-types.js';

const ANSWERS_WITHIN_MS = 5_000;

/** @throws ApplicationFailure TOPIC_UNKNOWN, TOPIC_ELSEWHERE, SESSION_UNKNOWN, INVALID_PROMPT, TOPIC_STUCK */
export async function findOrigin({ wish, project }: FindOriginInput): Promise<ForkOrigin> {
  try {
    const state = await stateOf(Context.current().client, wish.topic);
    if (wish.session_id === undefined && project !== undefined && (state.project ?? project) !== project)
      throw failed(
        'TOPIC_ELSEWHERE',
        `Topic ${wish.topic} belongs to project ${state.project}; the prompt comes from project ${project}.`,
        'Delegate from the project of that topic, or name its session, too.',
      );
    const origin = originIn(state, wish);
    if ('problem' in origin) throw new Failed(origin.problem);
    return origin;
  } catch (error) {
    throw translated(error);
  }
}

async function stateOf(client: Client, topic: TopicId): Promise<TopicState> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    const { status } = await handle.describe();
    const state: unknown =
      status.name === 'COMPLETED'
        ? await handle.result()
        : await client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => handle.query(stateQuery));
    if (isTopicState(state) && !('recalling' in state)) return state;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw silent(topic, error);
    throw failed('TOPIC_UNKNOWN', `There is no topic ${topic} to fork.`, undefined, { cause: error });
  }
  throw silent(topic);
}

/** Retryable, because the topic may answer later. */
function silent(topic: TopicId, cause?: unknown): AgentError {
  return new AgentError(
    failure('TOPIC_STUCK', `Topic ${topic} does not answer, so its session cannot be copied.`),
    true,
    {
      cause,
    },
  );
}
