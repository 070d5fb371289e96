/** Reads all that a turn said from its agent's own store. It changes nothing. */
import { Context } from '@temporalio/activity';
import type { ReplyPage } from '../contract/answers.js';
import type { ReplyQuestion } from '../contract/messages.js';
import { pageOf } from '../contract/reply-parts.js';
import type { ActivityContext } from './context.js';
import { agentOfSession } from './configured.js';
import { sessionRefOf } from './session-ref.js';
import { translated } from './translate.js';

export async function readReply(
  { session_id, pinned, prompt_id, page }: ReplyQuestion,
  context: ActivityContext,
): Promise<ReplyPage> {
  const { cancellationSignal } = Context.current();
  try {
    const agent = await agentOfSession({ session_id, pinned }, context);
    const { reply, reply_parts = [reply] } = await agent.said(
      sessionRefOf({ session_id, pinned }),
      prompt_id,
      cancellationSignal,
    );
    return { session_id, ...pageOf(reply_parts, reply, page) };
  } catch (error) {
    throw translated(error);
  }
}
