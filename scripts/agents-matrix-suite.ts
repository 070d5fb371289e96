/** The short suite: one version of one agent, isolated, against the scripted model. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isolatedClaude } from '../scripted/isolated-claude.js';
import { isolatedCodex } from '../scripted/isolated-codex.js';
import { isolatedOpenCode } from '../scripted/isolated-opencode.js';
import { startScriptedModel } from '../scripted/model.js';
import type { Agent, AgentOutcome, SessionRef } from '../src/agents/agent.js';
import { findClaude } from '../src/agents/claude-code/program.js';
import { findCodex } from '../src/agents/codex/program.js';
import { createAgents } from '../src/agents/kinds.js';
import { findProgram } from '../src/agents/opencode/program.js';
import type { AgentConfig } from '../src/config.js';
import type { PromptId } from '../src/contract/ids.js';
import { allProcesses, commandOf, environmentOf } from '../src/host/proc.js';

export interface Matrix {
  kind: 'opencode' | 'claude-code' | 'codex';
  path: string;
  /** A version that is supported. */
  pinned: string;
}

export const STEPS = ['prompt', 'follow-up', 'goes on after kill -9'] as const;
/** true: it works. A text: why it does not. Absent: an earlier step failed. */
export type Tried = Partial<Record<(typeof STEPS)[number], true | string>>;

const WITHIN_MS = 180_000;
const FIND = { opencode: findProgram, 'claude-code': findClaude, codex: findCodex };
const MODELS = { opencode: 'scripted/model', 'claude-code': 'scripted', codex: 'scripted' };
/** What each says when it is asked for its version. */
const SAYS = { opencode: '', 'claude-code': ' (Claude Code)', codex: '' };

export async function tryVersion({ kind, path, pinned }: Matrix): Promise<Tried> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-matrix-')));
  const model = await startScriptedModel();
  const tried: Tried = {};
  const cwd = join(dir, 'work');
  await mkdir(cwd);
  const real = await FIND[kind](path, process.env);
  const env = { ...process.env, ...(await homeOf(kind, dir, model.url)) };
  const config: AgentConfig = {
    kind,
    path: await disguised(dir, real, `${kind === 'codex' ? 'codex-cli ' : ''}${pinned}${SAYS[kind]}`),
    ...(kind === 'claude-code' && { permissionMode: 'bypassPermissions' as const }),
  };
  const create = () =>
    agentOf(createAgents({ agents: { it: config }, dataDir: join(dir, 'data') }, { log: () => undefined, env }));
  let agent = create();
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const opened = await agent.open({ seed: 'one', title: 'Matrix', cwd, model: MODELS[kind] }, signal);
    const session: SessionRef = { ...opened, cwd, model: MODELS[kind] };
    const first = await turn(agent, session, 'First [[say: One.]]', signal);
    tried.prompt = first.reply === 'One.' || `prompt: ${JSON.stringify(first)}`;
    const second = await turn(agent, session, 'Second', signal);
    tried['follow-up'] = second.reply.includes('"First"') || `follow-up: ${JSON.stringify(second)}`;

    const prompt = 'Work [[bash: echo began >> began; sleep 4]] [[say: Done.]]';
    const working = turn(agent, session, prompt, signal);
    working.catch(() => undefined); // What it throws after the kill is of no interest.
    while (!existsSync(join(cwd, 'began'))) await sleep(50, undefined, { signal });
    for (const pid of processesOf(real, dir)) process.kill(pid, 'SIGKILL');
    agent = create();
    const third = await turn(agent, session, prompt, signal);
    const asks = model.requests().findLast(({ aside }) => !aside)?.asks ?? [];
    const isOnce = asks.filter((ask) => ask.startsWith('Work')).length === 1;
    tried['goes on after kill -9'] =
      (third.reply === 'Done.' && isOnce) || `after kill -9: ${JSON.stringify({ ...third, asks })}`;
  } catch (error) {
    const step = STEPS.find((one) => tried[one] === undefined);
    if (step) tried[step] = `${step}: ${String(error)}`;
  } finally {
    await agent.close({ stop: true });
    await model.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
  return tried;
}

function agentOf(agents: ReadonlyMap<string, Agent>): Agent {
  const agent = agents.get('it');
  if (!agent) throw new Error('There is no such agent.');
  return agent;
}

/** Every version says that it is one that is supported: whether it is, is what is asked here. */
async function disguised(dir: string, real: string, says: string): Promise<string> {
  const file = join(dir, 'program');
  await writeFile(file, `#!/bin/sh\n[ "$1" = --version ] && echo "${says}" && exit\nexec "${real}" "$@"\n`);
  await chmod(file, 0o700);
  return file;
}

async function homeOf(kind: Matrix['kind'], dir: string, url: string): Promise<Record<string, string>> {
  if (kind === 'opencode') return isolatedOpenCode(dir, url);
  return kind === 'codex' ? isolatedCodex(dir, url) : isolatedClaude(dir, url);
}

async function turn(agent: Agent, session: SessionRef, prompt: string, signal: AbortSignal): Promise<AgentOutcome> {
  const request = { session, prompt, prompt_id: prompt.slice(0, 5) as PromptId };
  for await (const event of agent.turn(request, signal)) if (event.type === 'outcome') return event.outcome;
  throw new Error('The turn ended without an outcome.');
}

/** The agent's own, and not its tools. */
function processesOf(program: string, dir: string): number[] {
  return allProcesses()
    .filter(({ pid }) => commandOf(pid)?.[0] === program)
    .filter(({ pid }) => Object.values(environmentOf(pid) ?? {}).some((value) => value.startsWith(dir)))
    .map(({ pid }) => pid);
}
