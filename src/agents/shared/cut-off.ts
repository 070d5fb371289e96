/** The failure of an answer that the model began and did not finish. The session has its part. */
import { failure, type Failure } from '../../contract/failures.js';

/** `length`: it reached the limit of its length. `filter`: the provider or the model stopped it. */
export type CutOff = 'length' | 'filter';

/** The fix after a filter. The table of failures has the one after a limit. */
export const ASK_OTHERWISE =
  'Send a follow-up to the same session that asks for it in another way, or use another model.';

export function cutOff(why: CutOff, session: string): Failure {
  return why === 'length'
    ? failure('REPLY_CUT_OFF', `The answer in session ${session} reached the limit of its length. reply has its part.`)
    : failure(
        'REPLY_CUT_OFF',
        `The model refused to finish its answer in session ${session}, or its provider filtered it.`,
        ASK_OTHERWISE,
      );
}
