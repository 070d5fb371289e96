/**
 * What a thread asks a person, and the answers. Codex keeps a request until it is answered, and
 * sends it again, with the same id, to each client that resumes the thread. If Codex is killed, the
 * request is gone, and the continued turn asks again.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Ask } from '../../contract/asks.js';
import type { SessionRef } from '../agent.js';
import type { HeldRequest } from './answers.js';
import { CallFailed } from './connection.js';
import { FORMS } from './forms.js';
import type { CodexHome } from './home.js';
import { digestOf } from './ids.js';
import { parseRollout } from './rollout.js';
import type { Live } from './server.js';

/** Codex sends the requests of a thread after it has answered the call that resumed the thread. */
const SENT_WITHIN_MS = 1_000;
const LOOK_EVERY_MS = 25;

interface Pending {
  ask: Ask;
  request: HeldRequest;
}

/**
 * Answers by itself what a person has allowed for the session, because Codex forgets that when it
 * unloads the thread.
 *
 * @throws Unreachable
 */
export async function asksIn(home: CodexHome, session: SessionRef): Promise<Ask[]> {
  const { live, pending } = await pendingIn(home, session);
  const asks: Ask[] = [];
  for (const { ask, request } of pending) {
    const isAllowed = (await home.allowed.get(sameAs(session, ask))) !== undefined;
    if (isAllowed) await send(live, request, { decision: 'always' });
    else asks.push(ask);
  }
  return asks;
}

/** @throws Unreachable */
export async function answerAsk(home: CodexHome, session: SessionRef, ask: Ask, answer: Answer): Promise<void> {
  const { live, pending } = await pendingIn(home, session);
  const open = pending.find((one) => one.ask.ask_id === ask.ask_id);
  if (!open) return;
  if (answer.decision === 'always') await home.allowed.set(sameAs(session, open.ask), {});
  const isTold = FORMS[open.request.method]?.tellsWhy === true;
  if (answer.decision === 'deny' && answer.text && !isTold) await tellWhy(home, live, open, answer.text);
  await send(live, open.request, answer);
}

async function send({ connection }: Live, request: HeldRequest, answer: Answer): Promise<void> {
  const result = FORMS[request.method]?.result(request.params, answer);
  if (result) await connection.answer(request, result);
}

/**
 * Codex tells the model nothing of a denial but that the user rejected the call. So the reason is
 * added to what the model is sent next. It is there twice if a kill comes before the denial.
 */
async function tellWhy({ log }: CodexHome, { connection }: Live, { ask, request }: Pending, why: string) {
  const text = `The user denied this call of ${ask.tool ?? 'a tool'} and said: ${why}`;
  const items = [{ type: 'message', role: 'developer', content: [{ type: 'input_text', text }] }];
  try {
    await connection.call('thread/inject_items', { threadId: request.thread, items });
  } catch (error) {
    if (!(error instanceof CallFailed) || error.code === undefined) throw error;
    log('Codex does not tell the model why a call was denied.', { session: request.thread, reason: error.reason });
  }
}

async function pendingIn(home: CodexHome, session: SessionRef): Promise<{ live: Live; pending: Pending[] }> {
  const live = await home.connect();
  for (const end = Date.now() + SENT_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const thread = await home.threads.resume(live, session);
    if (typeof thread !== 'object') return { live, pending: [] };
    const requests = live.connection.held(session.session_id);
    const inputs = requests.length > 0 ? await inputsIn(thread.path) : new Map<string, string>();
    const isLate = Date.now() > end;
    if (isLate && thread.isAsking && requests.length === 0) home.threads.forget(session.session_id);
    const isSent = requests.length > 0 || !thread.isAsking;
    const isStored = requests.every(({ item }) => item === undefined || inputs.has(item));
    if (isLate || (isSent && isStored))
      return { live, pending: requests.flatMap((one) => pendingOf(live, one, inputs)) };
  }
}

function pendingOf(live: Live, request: HeldRequest, inputs: Map<string, string>): Pending[] {
  const asked = FORMS[request.method]?.ask(request.params, inputs.get(request.item ?? ''));
  return asked ? [{ ask: { ask_id: idOf(live, request), ...asked }, request }] : [];
}

/** The ids of requests begin again in each process of Codex. */
function idOf({ pid, started }: Live, { id, thread }: HeldRequest): string {
  return digestOf(JSON.stringify([pid, started, thread, id])).slice(0, 24);
}

const sameAs = ({ session_id }: SessionRef, { kind, tool, text }: Ask) =>
  JSON.stringify([session_id, kind, tool, text]);

/** By call: what the model has called a tool with. */
async function inputsIn(path: string): Promise<Map<string, string>> {
  const { turns } = parseRollout(await readFile(path, 'utf8'));
  const entries = turns.flatMap(({ entries }) => entries);
  return new Map(entries.flatMap((entry) => (entry.type === 'called' ? [[entry.call, entry.input]] : [])));
}
