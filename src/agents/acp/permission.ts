/**
 * What an agent is answered when it asks for a permission: no. The model is told so by its agent,
 * and goes on. Pure.
 */
import * as z from 'zod';

const Asked = z.object({
  toolCall: z.object({ title: z.string().nullish(), kind: z.string().nullish() }).catch({}),
  options: z.array(z.object({ optionId: z.string(), kind: z.string() })).catch([]),
});

export interface Denial {
  /** What the agent wanted to do, in its words. */
  what: string;
  outcome: { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' };
}

/**
 * Once, and not always: what is remembered as always would outlive the turn. `stopping`: the turn
 * is being cancelled, and the protocol wants that as the answer.
 */
export function denialOf(asked: unknown, stopping: boolean): Denial {
  const { toolCall, options } = Asked.catch({ toolCall: {}, options: [] }).parse(asked);
  const what = toolCall.title ?? toolCall.kind ?? 'something';
  const no = options.find(({ kind }) => kind === 'reject_once');
  if (stopping || !no) return { what, outcome: { outcome: 'cancelled' } };
  return { what, outcome: { outcome: 'selected', optionId: no.optionId } };
}
