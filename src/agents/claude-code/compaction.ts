/**
 * Has Claude Code compact a conversation, by a run with the command `/compact`. At its end, the run stores a
 * `compact_boundary` with the summary, and then the command. A run that is killed stores nothing (2.1.331).
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { AgentConfig } from '../../config.js';
import { defined } from '../../contract/defined.js';
import type { Usage } from '../../contract/types.js';
import { sumOf } from '../../contract/usage.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { DriverCompaction } from '../compaction.js';
import { Unreachable, type PromptKey } from '../driver.js';
import type { ClaudeHome } from './home.js';
import { compactionIdOf, isCompaction } from './ids.js';
import { argumentsOf, environmentOf, refusalOfSettings } from './settings.js';
import { sessionFileOf } from './store.js';

export function compactionIn(home: ClaudeHome, program: () => Promise<string>, config: AgentConfig): DriverCompaction {
  const rowsIn = async (session: SessionRef) => (await home.rows.read(await sessionFileOf(home.store, session))) ?? [];
  return {
    mark: async (session) => (await rowsIn(session)).at(-1)?.uuid ?? '',
    start: async (session, prompt, attempt) =>
      start(home, await program(), config, session, compactionIdOf(prompt, attempt)),
    async look(session, mark) {
      const { session_id } = session;
      const run = home.runs.of(session_id);
      if (run) return { is: run.key !== undefined && isCompaction(run.key) ? 'running' : 'absent' };
      const rows = await rowsIn(session);
      const at = rows.findIndex(({ uuid }) => uuid === mark);
      if (at < 0) return { is: 'absent' };
      const since = rows.slice(at + 1);
      const { usage, because } = await lastWordsIn(home.runs.outputOf(session_id));
      if (since.some(({ subtype }) => subtype === 'compact_boundary')) return { is: 'done', ...defined({ usage }) };
      return because === undefined ? { is: 'absent' } : { is: 'failed', because, ...defined({ usage }) };
    },
  };
}

/** @throws AgentError, Unreachable */
async function start(
  home: ClaudeHome,
  program: string,
  config: AgentConfig,
  session: SessionRef,
  id: PromptKey,
): Promise<void> {
  const refusal = (await failureOfDirectory(session.cwd)) ?? refusalOfSettings(session, config, home.env);
  if (refusal) throw new AgentError(refusal, false);
  const { session_id } = session;
  const lock = home.runs.hold(session_id, id);
  if (!lock) throw new Unreachable(`A process of Claude Code still works in session ${session_id}`);
  try {
    await home.runs.clear(session_id);
    if ((await home.otherOn(session_id)) !== undefined)
      throw new Unreachable(`A person has opened session ${session_id} in Claude Code`);
    home.startedFrom(session_id, 'prompt', undefined);
    await home.runs.start(session_id, lock, {
      program,
      args: argumentsOf('prompt', session, config, { gate: home.runs.gateFolderOf(session_id) }),
      env: environmentOf('prompt', home.env),
      cwd: session.cwd,
      message: {
        type: 'user',
        uuid: id,
        session_id: '',
        parent_tool_use_id: null,
        message: { role: 'user', content: '/compact' },
      },
    });
  } finally {
    lock.release();
  }
}

const count = z.number().catch(0);
const Line = z.object({
  compact_result: z.string().optional().catch(undefined),
  compact_error: z.string().optional().catch(undefined),
  user_message_uuid: z.string().optional().catch(undefined),
  model_usage_since_last_result: z
    .record(
      z.string(),
      z.object({
        inputTokens: count,
        outputTokens: count,
        thinkingTokens: count,
        cacheReadInputTokens: count,
        cacheCreationInputTokens: count,
      }),
    )
    .optional()
    .catch(undefined),
});

/** Reads from the run's output what it has used, and why it did not compact. The session file has neither. */
async function lastWordsIn(output: string): Promise<{ usage?: Usage; because?: string }> {
  const text = await readFile(output, 'utf8').catch(() => ''); // ENOENT: no run was started here.
  const said: { usage?: Usage; because?: string } = {};
  for (const line of text.split('\n')) {
    if (!line.includes('"compact_result"') && !line.includes('"user_message_uuid"')) continue;
    const { compact_result, compact_error, user_message_uuid, model_usage_since_last_result: used } = lineIn(line);
    if (compact_result === 'failed') said.because = compact_error ?? 'Claude Code gave no reason';
    if (used && isCompaction(user_message_uuid ?? '')) said.usage = usageOf(Object.values(used));
  }
  return said;
}

function lineIn(line: string): z.infer<typeof Line> {
  try {
    return Line.parse(JSON.parse(line));
  } catch {
    return {}; // SyntaxError, ZodError: a kill has cut it off.
  }
}

type Used = NonNullable<z.infer<typeof Line>['model_usage_since_last_result']>[string];

const usageOf = (models: Used[]): Usage =>
  sumOf(
    models.map((used) => ({
      input_tokens: used.inputTokens,
      // `output_tokens` include the thinking.
      output_tokens: Math.max(used.outputTokens - used.thinkingTokens, 0),
      reasoning_tokens: used.thinkingTokens,
      cache_read_tokens: used.cacheReadInputTokens,
      cache_write_tokens: used.cacheCreationInputTokens,
    })),
  );
