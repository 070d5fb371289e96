/**
 * A release of ours that changes what is sent before the conversation makes every session that
 * lives pay for its whole context once more. Golden files say what the last release sent.
 */
import { execa } from 'execa';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import { findProgram } from '../../src/agents/opencode/program.js';
import { versionOf } from '../../src/agents/shared/program-version.js';
import { CHAOS_AGENTS, chaosAgent, whyMissing, type ChaosAgentName } from '../chaos/agents/index.js';
import { mcpClientIn } from '../support/mcp-client.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import { beforeConversation, digestOf } from './before-conversation.js';
import type { ToDo } from './prefix-turn.js';

const MOVED = `What is sent before the conversation is not what the last release sent. Each session that lives then pays for its whole context once more. If that is meant, run: npm run prefix:accept`;
const IS_ACCEPTED = process.env.ACCEPT_PREFIX !== undefined;
const WORKER = fileURLToPath(new URL('prefix-turn.ts', import.meta.url));
const GATE = fileURLToPath(new URL('../../src/agents/claude-code/gate.ts', import.meta.url));
const INSTRUCTIONS = 'Answer in one line.';
const PROMPT = 'What is in this directory?';
const TYPESCRIPT = ['--import', 'tsx'];

const goldenOf = (name: string) => fileURLToPath(new URL(`before-conversation/${name}.json`, import.meta.url));

async function expectAsBefore(name: string, sent: object): Promise<void> {
  if (IS_ACCEPTED) await writeFile(goldenOf(name), `${JSON.stringify(sent, null, 2)}\n`);
  expect(sent, MOVED).toEqual(JSON.parse(await readFile(goldenOf(name), 'utf8')));
}

/** The same on every machine, as far as an agent shows it to its model. */
const SAME_EVERYWHERE = { TZ: 'UTC', SHELL: '/bin/bash', LANG: 'C.UTF-8' };

async function firstRequestOf(name: ChaosAgentName) {
  const agent = chaosAgent(name);
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-prefix-')));
  const cwd = join(dir, 'work');
  await mkdir(cwd);
  const model = await startScriptedModel({ keep: true });
  onTestFinished(async () => {
    for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), { timeout: 60_000 });
    await model.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  const env = { HOME: dir, TMPDIR: dir, ...(await agent.isolate(dir, model.url)), ...SAME_EVERYWHERE };
  const todo: ToDo = {
    ...{ config: agent.config, dataDir: join(dir, 'continuity'), cwd, prompt: PROMPT, id: 'p-1' },
    instructions: INSTRUCTIONS,
  };
  const { stdout } = await execa(process.execPath, [...TYPESCRIPT, WORKER, JSON.stringify(todo)], { env });
  const { session, outcome } = JSON.parse(stdout) as { session: SessionRef; outcome: AgentOutcome };
  expect(outcome).toMatchObject({ status: 'completed' });
  const request = model.requests().find(({ aside }) => !aside);
  return { dir, cwd, session, body: request?.body ?? '' };
}

async function versionIn(name: ChaosAgentName): Promise<string> {
  const { config } = chaosAgent(name);
  const program =
    name === 'acp' || name === 'opencode' ? await findProgram(undefined, process.env) : (config.path ?? name);
  return /\d+\.\d+\.\d+\S*/.exec(await versionOf(program, process.env))?.[0] ?? '';
}

/** As Claude Code names a folder after a directory. */
const nameOf = (directory: string) => directory.replaceAll(/[^a-zA-Z0-9]/g, '-');

describe.each(CHAOS_AGENTS)('%s', (name) => {
  const missing = whyMissing(name);
  test.skipIf(missing !== undefined)(
    `sends the same before the conversation as with our last release${missing ?? ''}`,
    async (context) => {
      const version = await versionIn(name);
      const accepted = JSON.parse(await readFile(goldenOf(name), 'utf8').catch(() => '{}')) as { version?: string };
      if (!IS_ACCEPTED && accepted.version !== version)
        context.skip(
          `what ${name} ${version} sends is not known. ${basename(goldenOf(name))} is of ${accepted.version}`,
        );
      const { dir, cwd, session, body } = await firstRequestOf(name);
      const names = {
        ...{ [cwd]: '<cwd>', [nameOf(cwd)]: '<name of cwd>', [dir]: '<dir>' },
        ...{ [session.session_id]: '<session>', [version]: '<version>' },
      };
      const sent = beforeConversation(body, { ours: [INSTRUCTIONS, PROMPT], names });
      await expectAsBefore(name, { version, ...sent });
    },
  );
});

test('Claude Code is offered the same gate as by our last release', async () => {
  const asked = [
    { id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18' } },
    { id: 2, method: 'tools/list' },
  ];
  const dir = await mkdtemp(join(tmpdir(), 'continuity-gate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { stdout } = await execa(process.execPath, [...TYPESCRIPT, GATE, dir], {
    input: asked.map((message) => `${JSON.stringify(message)}\n`).join(''),
  });
  const answers = stdout.split('\n').map((line) => JSON.parse(line) as { result: object });
  await expectAsBefore('gate', { answers: answers.map(({ result }) => result) });
});

test('an agent that delegates is offered the same tools as by our last release', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'continuity-mcp-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { client, close } = await mcpClientIn({ cwd: dir, env: {} });
  onTestFinished(close);
  const { tools } = await client.listTools();
  await expectAsBefore('mcp', {
    instructions: client.getInstructions(),
    tools: tools.map((tool) => `${tool.name} ${digestOf(JSON.stringify(tool))}`),
  });
});
