/**
 * The three ids, and the only functions that build and read a workflow id. Anyone may import this;
 * it imports nothing.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The caller's name for a line of work. */
export type TopicId = Branded<'TopicId'>;
/**
 * The agent's own id of a conversation, e.g. `ses_…` of OpenCode. We choose one only where the
 * agent takes a client's choice.
 */
export type SessionId = Branded<'SessionId'>;
/** Names one prompt for ever: the same id again means the same prompt again. */
export type PromptId = Branded<'PromptId'>;

export const MAX_ID_LENGTH = 200;

/**
 * 1 to 200 printable characters on one line, without a space at either end. Ids are part of
 * workflow ids, search attributes and shell commands.
 */
export function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_ID_LENGTH &&
    value.trim() === value &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)
  );
}

/**
 * The system derives ids for unnamed prompts and for fix rounds. They start with this character,
 * and callers cannot use such ids.
 */
const DERIVED = '@';

export function isDerived(id: string): boolean {
  return id.startsWith(DERIVED);
}

/**
 * The same facts give the same id, also after a reset. `digest` shortens facts that are too long
 * for an id.
 */
export function derivedId(facts: readonly (string | number)[], digest: (text: string) => string): PromptId {
  const id = DERIVED + facts.join('/');
  return (isId(id) ? id : `${DERIVED}${facts[0]}/${digest(id)}`) as PromptId;
}

const WORKFLOW_ID_PREFIX = 'topic/';

/** `topic/<topic>`: the id of the workflow that runs a topic. */
export function workflowIdOf(topic: TopicId): string {
  return WORKFLOW_ID_PREFIX + topic;
}

/**
 * The topic of a workflow id. The id of a workflow that was started without our prefix is its
 * topic.
 */
export function topicOfWorkflow(workflowId: string): TopicId {
  return (
    workflowId.startsWith(WORKFLOW_ID_PREFIX) ? workflowId.slice(WORKFLOW_ID_PREFIX.length) : workflowId
  ) as TopicId;
}

/** The topic of a delegation that names neither topic nor session. */
export function topicOfPrompt(promptId: PromptId): TopicId {
  return `task-${promptId}`.slice(0, MAX_ID_LENGTH) as TopicId;
}
