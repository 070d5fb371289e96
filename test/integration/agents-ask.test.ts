/**
 * The real agents, each with its own default permissions and the scripted model, ask while their
 * topic waits on a real Temporal server. Workers are processes of their own, and are killed together
 * with the agents.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAgentStage, type AgentStage } from '../../bench/agent-stage.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import type { Ask } from '../../src/contract/asks.js';
import * as messages from '../../src/contract/messages.js';
import { markedIn, type ChaosAgent } from '../chaos/agents/agent.js';
import { claudeCode } from '../chaos/agents/claude-code.js';
import { chaosAgent, whyMissing } from '../chaos/agents/index.js';
import { startTemporal } from '../support/world.js';
import { until } from '../support/worker-stage.js';

interface Asking {
  agent: ChaosAgent;
  /** A tool call that asks with the agent's own defaults, and leaves a line in the file of that name. */
  append: (name: string, dir: string) => string;
  file: (name: string, dir: string) => string;
}

const inWork = (name: string, dir: string) => join(dir, 'work', name);

const AGENTS = {
  opencode: {
    agent: {
      ...chaosAgent('opencode'),
      isolate: (dir, url) => isolatedOpenCode(dir, url, { permission: undefined }),
    },
    append: (name, dir) => `[[bash: cat ${dir}/outside/notes && echo ran >> ${name}]]`,
    file: inWork,
  },
  'claude-code': {
    agent: withDefaults(claudeCode()),
    append: (name) => `[[bash: echo ran >> ${name}]]`,
    file: inWork,
  },
  codex: {
    agent: chaosAgent('codex'),
    append: (name, dir) =>
      `[[tool: exec_command ${JSON.stringify({ cmd: `echo ran >> ${dir}/${name}`, sandbox_permissions: 'require_escalated', justification: 'May I?' })}]]`,
    file: (name, dir) => join(dir, name),
  },
} satisfies Record<string, Asking>;

function withDefaults(agent: ChaosAgent): ChaosAgent {
  const { kind, model, path } = agent.config;
  return { ...agent, config: { kind, ...(model !== undefined && { model }), ...(path !== undefined && { path }) } };
}

let temporal: TestWorkflowEnvironment;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.teardown());

describe.each(Object.keys(AGENTS) as (keyof typeof AGENTS)[])('%s', (name) => {
  const { agent, append, file }: Asking = AGENTS[name];
  const missing = whyMissing(name);
  let stage: AgentStage;
  let worker: ChildProcess;
  beforeAll(async () => {
    if (missing) return;
    stage = await startAgentStage(agent, { address: temporal.address, client: temporal.client });
    await mkdir(join(stage.dir, 'outside'));
    await writeFile(join(stage.dir, 'outside', 'notes'), 'Noted.\n');
    await startWorker();
  });
  afterAll(() => stage?.dispose());

  async function startWorker(): Promise<void> {
    worker = stage.startWorker();
    await stage.isReady(worker);
  }

  async function killWorker(): Promise<void> {
    const exit = once(worker, 'exit');
    worker.kill('SIGKILL');
    await exit;
  }

  const killAgent = () =>
    until(() => {
      const pids = markedIn(stage.dir);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      return pids.length === 0;
    });

  const handleOf = (topic: string) => temporal.client.workflow.getHandle(`topic/${topic}`);
  const answer = (topic: string, payload: messages.AnswerPayload) =>
    handleOf(topic).executeUpdate(messages.answer, { args: [payload] });

  /** What the topic waits for. Nothing of it is at work then. */
  async function asked(topic: string): Promise<Ask> {
    let ask: Ask | undefined;
    await expect
      .poll(
        async () => {
          const view = await stage.manager.view(topic).catch(() => undefined);
          ask = view?.running?.waiting?.for === 'answer' ? view.running.waiting.ask : undefined;
          return [view?.state, ask?.kind];
        },
        { timeout: 120_000 },
      )
      .toEqual(['waiting', 'permission']);
    const { raw } = await handleOf(topic).describe();
    expect(raw.pendingActivities ?? []).toEqual([]);
    return ask as Ask;
  }

  /** How often the tool has run. */
  const runsOf = (trace: string) =>
    readFile(file(trace, stage.dir), 'utf8').then(
      (text) => text.trim().split('\n').length,
      () => 0, // ENOENT: it did not run.
    );

  /** How often the prompt is in the agent's own store. */
  async function timesPutIn(prompt: string): Promise<number> {
    const { store } = await agent.stored({ dir: stage.dir, driver: stage.driver, project: stage.cwd });
    return [...store.values()].flat().filter(({ label }) => label.includes(prompt)).length;
  }

  async function ask(what: string) {
    const topic = `${what}-${randomUUID()}`;
    const trace = `trace-${topic}`;
    const prompt = `Prompt of ${topic}`;
    const result = stage.manager.delegate(topic, `${prompt} ${append(trace, stage.dir)} [[say: Done.]]`);
    result.catch(() => undefined); // A test that fails before it waits for the result says why.
    const open = await asked(topic);
    expect(open.text).toContain(trace);
    expect(await runsOf(trace)).toBe(0);
    return { topic, trace, prompt, result, open };
  }

  test.skipIf(missing)(
    `${missing ?? ''}an ask outlives the kill of its worker and of its agent, and what is allowed runs once`,
    async () => {
      const { topic, trace, prompt, result } = await ask('allow');
      await killWorker();
      await killAgent();
      await startWorker();
      expect(await answer(topic, 'allow')).toMatchObject({ decision: 'allow' });
      const ended = await result;
      expect(ended).toMatchObject({ status: 'completed', reply: 'Done.' });
      expect(ended.asks).toEqual([expect.objectContaining({ kind: 'permission', decision: 'allow', by: 'person' })]);
      expect([await runsOf(trace), await timesPutIn(prompt)]).toEqual([1, 1]);
    },
  );

  test.skipIf(missing)('an ask outlives the kill of its worker alone', async () => {
    const { topic, trace, prompt, result, open } = await ask('worker');
    await killWorker();
    await startWorker();
    await answer(topic, { decision: 'allow', ask_id: open.ask_id });
    expect(await result).toMatchObject({ status: 'completed', reply: 'Done.', asks: [{ by: 'person' }] });
    expect([await runsOf(trace), await timesPutIn(prompt)]).toEqual([1, 1]);
  });

  test.skipIf(missing)('what is denied does not run, and the turn goes on', async () => {
    const { topic, trace, prompt, result } = await ask('deny');
    await killWorker();
    await killAgent();
    await startWorker();
    await answer(topic, { decision: 'deny', text: 'Not on a Sunday.' });
    const ended = await result;
    expect(ended).toMatchObject({ status: 'completed', reply: 'Done.' });
    expect(ended.asks).toEqual([
      expect.objectContaining({ kind: 'permission', decision: 'deny', reply: 'Not on a Sunday.', by: 'person' }),
    ]);
    expect([await runsOf(trace), await timesPutIn(prompt)]).toEqual([0, 1]);
  });

  test.skipIf(missing).each([
    ['the agent lives', false],
    ['the agent is killed, too', true],
  ])('an answer that comes while no worker runs is kept, and %s', async (_, alsoAgent) => {
    const { topic, trace, prompt, result } = await ask('signal');
    await killWorker();
    if (alsoAgent) await killAgent();
    await handleOf(topic).signal(messages.answerSignal, 'allow');
    await startWorker();
    const ended = await result;
    expect(ended).toMatchObject({ status: 'completed', reply: 'Done.' });
    expect(ended.asks).toEqual([expect.objectContaining({ decision: 'allow', by: 'person' })]);
    expect([await runsOf(trace), await timesPutIn(prompt)]).toEqual([1, 1]);
  });
});
