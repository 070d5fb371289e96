/**
 * A model's provider caches what a request has in common with the one before: instructions, tools
 * and earlier messages. A byte that changes there costs the whole cache. Workers and agents are
 * replaced here, and the requests are compared.
 */
import { execa } from 'execa';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import { programsOf } from '../chaos/agents/agent.js';
import { CHAOS_AGENTS, chaosAgent, whyMissing } from '../chaos/agents/index.js';
import { isRunning, processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { prefixOf, type Prefix } from './prefix.js';
import type { ToDo } from './prefix-turn.js';

const patiently = { timeout: 90_000, interval: 20 };
const WORKER = fileURLToPath(new URL('prefix-turn.ts', import.meta.url));

/** Through ACP no turn goes on in another process, and what we add is part of the prompt. */
const AGENTS = CHAOS_AGENTS.filter((name) => name !== 'acp');

describe.each(AGENTS)('%s', (name) => {
  const missing = whyMissing(name);
  describe.skipIf(missing !== undefined)(
    `sends the same instructions, tools and earlier messages${missing ?? ''}:`,
    () => {
      const agent = chaosAgent(name);
      let dir: string;
      let model: ScriptedModel;
      let env: Record<string, string>;
      let session: SessionRef | undefined;

      beforeAll(async () => {
        dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-prefix-')));
        await mkdir(join(dir, 'work'));
        model = await startScriptedModel({ keep: true });
        env = await agent.isolate(dir, model.url);
      });
      afterAll(async () => {
        for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
        await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), patiently);
        await model.close();
        await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      });

      const sent = (): Prefix[] => model.requests().flatMap(({ aside, body }) => (aside ? [] : [prefixOf(body ?? '')]));

      /** In a worker process of its own. */
      function turn(prompt: string, id: string) {
        const todo: ToDo = {
          config: agent.config,
          dataDir: join(dir, 'continuity'),
          cwd: join(dir, 'work'),
          ...(session && { session }),
          ...{ prompt, id, instructions: 'Answer in one line.' },
        };
        return execa(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(todo)], { env, reject: false });
      }

      async function answered(prompt: string, id: string): Promise<string> {
        const { stdout, stderr } = await turn(prompt, id);
        const { session: used, outcome } = JSON.parse(stdout || stderr) as {
          session: SessionRef;
          outcome: AgentOutcome;
        };
        session = used;
        expect(outcome).toMatchObject({ status: 'completed' });
        return outcome.reply;
      }

      async function killAgent(): Promise<void> {
        const pids = programsOf(agent, dir);
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patiently);
      }

      /** `but`: of the messages before, the last ones that need not be the same. */
      function expectSamePrefix(from: number, but = 0): void {
        const requests = sent().slice(from);
        expect(requests.length).toBeGreaterThan(1);
        for (const [n, later] of requests.slice(1).entries()) {
          const earlier = requests[n] as Prefix;
          const shared = earlier.messages.slice(0, earlier.messages.length - but);
          expect(later.instructions).toBe(earlier.instructions);
          expect(later.tools).toEqual(earlier.tools);
          expect(later.messages.slice(0, shared.length)).toEqual(shared);
          expect(later.cacheKey).toBe(earlier.cacheKey);
        }
      }

      test('a follow-up through another worker process', async () => {
        await answered('First [[bash: echo one]]', 'p-1');
        expect(await answered('Second', 'p-2')).toBe('You asked before: "First". Now: "Second".');
        expectSamePrefix(0);
      });

      test('a follow-up after the agent’s program was killed while nothing ran', async () => {
        const before = sent().length;
        await killAgent();
        await answered('Third [[bash: echo three]]', 'p-3');
        expectSamePrefix(before - 1);
      });

      test('a turn that goes on after the worker and the agent’s program were killed in it', async () => {
        const before = sent().length;
        const prompt = 'Fourth [[bash: echo four]] [[slow: 6000]] [[say: Done.]]';
        const cut = turn(prompt, 'p-4');
        await vi.waitFor(() => expect(sent().length).toBe(before + 2), patiently);
        cut.kill('SIGKILL');
        await killAgent();
        await cut;
        expect(await answered(prompt, 'p-4')).toBe('Done.');
        // Claude Code adds "Continue from where you left off." to the last message.
        expectSamePrefix(before - 1, 1);
      });
    },
  );
});
