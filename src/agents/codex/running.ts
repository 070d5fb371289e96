/**
 * Which tools run in a thread: those whose calls have no output yet in the rollout. A command that
 * Codex has put in the background has one, and the model has gone on (0.169.0).
 */
import { readFile, stat } from 'node:fs/promises';
import type { SessionId } from '../../contract/ids.js';
import type { RunningTool } from '../agent.js';
import { parseRollout, type Rollout } from './rollout.js';
import { inputOf, stepOfCall } from './tools.js';
import { openTurnOf } from './turn-state.js';

export class RunningCalls {
  readonly #read = new Map<SessionId, { size: number; tools: RunningTool[] }>();

  /** The rollout is only read again if it has grown. While a tool is silent, it does not. */
  async in(session: SessionId, rollout: string | undefined): Promise<RunningTool[]> {
    if (rollout === undefined) return [];
    const { size } = await stat(rollout).catch(() => ({ size: 0 })); // ENOENT: it was deleted.
    const before = this.#read.get(session);
    if (before?.size === size) return before.tools;
    const tools = size === 0 ? [] : openCallsIn(parseRollout(await readFile(rollout, 'utf8')));
    this.#read.set(session, { size, tools });
    return tools;
  }

  forget(session: SessionId): void {
    this.#read.delete(session);
  }
}

export function openCallsIn(rollout: Rollout): RunningTool[] {
  const { entries = [] } = openTurnOf(rollout) ?? {};
  const ended = new Set(entries.flatMap((entry) => (entry.type === 'answered' ? [entry.call] : [])));
  return entries.flatMap((entry) => {
    if (entry.type !== 'called' || ended.has(entry.call)) return [];
    const { call: id, tool, input } = entry;
    const limit = (inputOf(input) as { timeout_ms?: unknown } | null)?.timeout_ms;
    return [{ id, step: stepOfCall(tool, input), ...(typeof limit === 'number' && limit > 0 && { limit_ms: limit }) }];
  });
}
