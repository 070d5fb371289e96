/**
 * Keeps the tokens of answers that a killed run received and did not store. Claude Code stores an answer up
 * to 150 ms after it came (2.1.331). The run's output has it until the next run begins.
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { PromptKey } from '../driver.js';
import type { ClaudeHome } from './home.js';
import type { Tokens } from './rows.js';
import type { OutputLine } from './signals.js';
import type { SessionRef } from '../agent.js';

/** The tokens of whole answers, by their ids. */
export const Unstored = z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())]));
export type Unstored = [string, Tokens][];

/** Call it before the next run of the same turn begins. */
export async function keepUnstored(home: ClaudeHome, { session_id }: SessionRef, key: PromptKey): Promise<void> {
  const answers = await answersInOutput(home.runs.outputOf(session_id));
  if (answers.length === 0) return;
  const before = (await home.unstored.get(key)) ?? [];
  await home.unstored.set(key, [...new Map([...before, ...answers])]);
}

async function answersInOutput(output: string): Promise<Unstored> {
  const text = await readFile(output, 'utf8').catch(() => ''); // ENOENT: no run was started here.
  return answersOf(text.split('\n'));
}

export function answersOf(lines: readonly string[]): Unstored {
  const answers = new Map<string, Tokens>();
  /** The answer that is being received: one for the agent itself, one for each sub-agent. */
  const open = new Map<string, { id: string; tokens: Tokens }>();
  for (const line of lines) {
    if (!line.includes('"message_start"') && !line.includes('"message_delta"')) continue;
    const { type, event, parent_tool_use_id: of } = lineOf(line);
    if (type !== 'stream_event' || !event) continue;
    const { id, usage } = event.message ?? {};
    if (event.type === 'message_start' && id !== undefined) open.set(of ?? '', { id, tokens: usage ?? {} });
    const answer = open.get(of ?? '');
    if (event.type === 'message_delta' && answer) answers.set(answer.id, { ...answer.tokens, ...event.usage });
  }
  return [...answers];
}

function lineOf(line: string): OutputLine {
  try {
    return JSON.parse(line) as OutputLine;
  } catch {
    return {}; // SyntaxError: a kill has cut it off.
  }
}
