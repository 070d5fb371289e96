/**
 * Puts a prompt in, and continues its turn. Codex takes the same id twice, so a prompt is put in
 * only if the last look did not find it. A start without input continues the turn where it was cut
 * off: the model sees the prompt and the finished steps, and the thread gains no message.
 */
import { defined } from '../../contract/defined.js';
import type { Failure } from '../../contract/failures.js';
import type { SessionRef } from '../agent.js';
import { Unreachable, type KeyedPrompt } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { archivedThread } from './archive.js';
import type { CodexHome } from './home.js';
import { digestOf } from './ids.js';
import { contextOf } from './instructions.js';
import type { CodexSight } from './read-session.js';
import { policyOf, refusalOfSettings } from './settings.js';

/** @throws CallFailed, Unreachable, AgentError SESSION_LOST where a person has archived the thread */
export async function put(
  home: CodexHome,
  session: SessionRef,
  prompt: KeyedPrompt,
  { thread, isArchived, turn, lastTurn, told }: CodexSight,
): Promise<Failure | undefined> {
  const { session_id, cwd, model, variant, mode, instructions } = session;
  const refusal = refusalOfSettings(mode) ?? (await failureOfDirectory(cwd));
  if (refusal) return refusal;
  if (isArchived) throw archivedThread(session_id);
  await home.replacement.enter(prompt.key);
  const live = await home.connect();
  if (thread?.generation !== live.generation)
    throw new Unreachable('The connection to Codex was replaced since the last look');
  // Only the first of these notes counts, because a request of an earlier attempt may still be
  // stored later.
  if (!turn.present && !(await home.puts.get(prompt.key)))
    await home.puts.set(prompt.key, {
      digest: digestOf(prompt.text),
      ...defined({ after: lastTurn }),
    });
  const additionalContext = contextOf(instructions, told);
  await live.connection.call('turn/start', {
    threadId: session_id,
    ...(!turn.present && { clientUserMessageId: prompt.key }),
    input: turn.present ? [] : [{ type: 'text', text: prompt.text, text_elements: [] }],
    cwd,
    approvalPolicy: thread.approvals,
    sandboxPolicy: policyOf(mode, thread.sandbox),
    ...defined({ model, effort: variant }),
    ...(additionalContext && { additionalContext }),
  });
  return undefined;
}
