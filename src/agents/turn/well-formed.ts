/**
 * Makes the texts of a turn ones that every provider takes. JSON carries half of a surrogate pair
 * and NUL, so a caller can send them. An agent would store them, and its provider would refuse the
 * whole conversation from then on.
 *
 * The topic keeps a prompt as its caller sent it: that text is the identity of the request, which
 * the same `prompt_id` is compared with. So this is done where a text leaves for a session, for
 * every agent, and a prompt that an older release accepted needs nothing special.
 */
import { defined } from '../../contract/defined.js';
import type { TurnRequest } from '../agent.js';

/** Each such character becomes U+FFFD, so the text keeps its length. */
export function wellFormed(text: string): string {
  // Node 20 has `toWellFormed`, and TypeScript's ES2023 does not know it.
  return Buffer.from(text).toString().replaceAll('\0', '\uFFFD');
}

export function wellFormedTurn({ prompt, session, answered, ...request }: TurnRequest): TurnRequest {
  const { instructions, ...ref } = session;
  return {
    ...request,
    prompt: wellFormed(prompt),
    session: { ...ref, ...defined({ instructions: instructions && wellFormed(instructions) }) },
    ...(answered && {
      answered: answered.map(({ answer: { decision, text }, ...one }) => ({
        ...one,
        answer: { decision, ...defined({ text: text && wellFormed(text) }) },
      })),
    }),
  };
}
