/** What the agent itself has kept of a session: asked of its own program, past everything of ours. */
import { execa } from 'execa';
import { findProgram } from '../../src/agents/opencode/program.js';
import type { Stage } from './stage.js';

interface Exported {
  messages: { info: { role: string }; parts: { type: string; text?: string }[] }[];
}

/** Oldest first. */
export async function promptsInSession({ env, project }: Stage, session: string): Promise<string[]> {
  const program = await findProgram(undefined, env);
  const { stdout } = await execa(program, ['export', session], { cwd: project, env, extendEnv: false, stdin: 'ignore', timeout: 30_000 });
  const { messages } = JSON.parse(stdout) as Exported;
  return messages.filter(({ info }) => info.role === 'user').map(({ parts }) => parts.map(({ text = '' }) => text).join(''));
}
