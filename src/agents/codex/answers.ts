/**
 * Which requests of Codex are held until a person answers. Codex waits for an answer to each of its
 * requests. So one that no person can answer, such as a client's own tool or a login, is refused at
 * once. The model gets the refusal and goes on.
 */
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { FORMS } from './forms.js';

/** A request of Codex that waits for an answer. */
export interface HeldRequest {
  /** The same in every connection to the same server. Another server has the same ids again. */
  id: number | string;
  method: string;
  params: unknown;
  thread: string;
  /** The call of the tool that it is about. */
  item?: string;
}

const text = z.string().optional().catch(undefined);
const Params = z.object({ threadId: z.string(), itemId: text, mode: text });

/** A client proves with a key of its user's device that it is this user. */
const FOR_CLIENTS = 'openai/userVerification';

/** `undefined` when no person can answer. */
export function heldRequest(id: number | string, method: string, params: unknown): HeldRequest | undefined {
  const about = Params.safeParse(params).data;
  return about && FORMS[method] && about.mode !== FOR_CLIENTS
    ? { id, method, params, thread: about.threadId, ...defined({ item: about.itemId }) }
    : undefined;
}

export function refusalOf(method: string): { error: { code: number; message: string } } {
  return { error: { code: -32601, message: `session-continuity does not answer ${method}.` } };
}
