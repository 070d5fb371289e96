/**
 * What we add to the system prompt. Codex takes such a text with a turn, sends it to the model as a
 * message, and stores that message. Codex forgets which text it has sent when it unloads a thread.
 * So the text is compared with the one in the rollout: each text is sent once, and the conversation
 * before it does not change.
 */
const SOURCE = 'session-continuity';

/** The kind with which Codex stores such a message. */
export const INSTRUCTIONS_KIND = `additional_content.${SOURCE}`;

const NO_LONGER = 'The instructions that were given here before no longer apply.';

/**
 * The `additionalContext` of `turn/start`. `undefined` when nothing has to be sent. `told` is the
 * last such message.
 */
export function contextOf(instructions: string | undefined, told: string | undefined): object | undefined {
  const value = instructions ?? (told === undefined ? undefined : NO_LONGER);
  return value === undefined || told?.includes(value) ? undefined : { [SOURCE]: { value, kind: 'application' } };
}
