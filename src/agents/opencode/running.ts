/**
 * Which tools run in a session and in those of its sub-agents. Only the newest messages are read:
 * the tools that run were all called in the last answer.
 */
import type { ToolPart } from '@opencode-ai/sdk/v2/client';
import type { RunningTool } from '../agent.js';
import { askIfThere } from './calls.js';
import type { Place } from './read-session.js';
import { DEEPEST } from './requests.js';
import type { Connection } from './server.js';
import { subAgentOf } from './sub-agents.js';
import { stepOf } from './steps.js';

const NEWEST = 3;

/** @returns also the sessions of the sub-agents that work */
export async function runningIn(
  connection: Connection,
  { sessionID, directory }: Place,
  depth = 0,
): Promise<{ tools: RunningTool[]; subAgents: string[] }> {
  const calls = await runningCalls(connection, sessionID, directory);
  const own = calls.filter(({ tool }) => tool !== 'task').map((part) => toolOf(part, depth));
  const children = depth < DEEPEST ? calls.flatMap((part) => subAgentOf(part) ?? []) : [];
  const below = await Promise.all(
    children.map((child) => runningIn(connection, { sessionID: child as Place['sessionID'], directory }, depth + 1)),
  );
  return {
    tools: [...own, ...below.flatMap(({ tools }) => tools)],
    subAgents: [...children, ...below.flatMap(({ subAgents }) => subAgents)],
  };
}

async function runningCalls({ client }: Connection, sessionID: string, directory: string): Promise<ToolPart[]> {
  const messages = await askIfThere('list the newest messages', (options) =>
    client.session.messages({ sessionID, directory, limit: NEWEST }, options),
  );
  const last = messages?.findLast(({ info }) => info.role === 'assistant');
  return (last?.parts ?? []).filter((part) => part.type === 'tool').filter(({ state }) => state.status === 'running');
}

function toolOf({ id, tool, state: { input } }: ToolPart, depth: number): RunningTool {
  // Of other tools, the same field may be in seconds (1.18.33).
  const limit = tool === 'bash' ? input['timeout'] : undefined;
  return {
    id,
    step: `${depth > 0 ? 'sub-agent: ' : ''}${stepOf(tool, input)}`,
    ...(typeof limit === 'number' && limit > 0 && { limit_ms: limit }),
  };
}
