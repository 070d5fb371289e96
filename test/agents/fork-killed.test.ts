/** Whoever is killed while a session is copied: one copy gets the prompt, once, and the original stays as it is. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import type { Agent, ForkRequest, SessionRef } from '../../src/agents/agent.js';
import { DurableFacts } from '../../src/agents/shared/durable-facts.js';
import type { PromptId } from '../../src/contract/ids.js';
import { forAllTests } from './for-all-tests.js';
import { FORKING, openIn, type Forking } from './fork-stage.js';
import { never, runTurn, startTurn } from './run.js';

/** A busy machine takes six times as long. */
vi.setConfig({ testTimeout: 600_000 });

const FORKER = fileURLToPath(new URL('../support/forker.ts', import.meta.url));

for (const [name, { make, isThere }] of Object.entries(FORKING))
  describe.runIf(isThere)(`A copy by ${name} (skipped where it was not fetched)`, () => {
    let under: Forking;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function original(): Promise<{ session: SessionRef; before: string; request: ForkRequest }> {
      const session = await openIn(agent, under, randomUUID());
      await runTurn(agent, session, 'One', 'one');
      await runTurn(agent, session, 'Two', 'two');
      const { cwd, model } = under;
      const copy = { seed: randomUUID(), title: 'The copy', cwd, model };
      return {
        session,
        before: await under.stored(session),
        request: { ...copy, from: session, through: 'one' as PromptId },
      };
    }

    /** The next attempt finds what the one before has made. */
    async function goesOn({ session, before, request }: Awaited<ReturnType<typeof original>>) {
      const next = under.create();
      const opened = await next.fork?.(request, never);
      const copy = { ...session, session_id: opened?.session_id ?? session.session_id };
      const word = randomUUID();
      const { reply } = await runTurn(next, copy, word, 'three');
      expect(reply).toBe(`You asked before: "One". Now: "${word}".`);
      expect((await under.promptsIn(copy)).filter((text) => text.includes(word))).toHaveLength(1);
      expect(await under.holdersOf(word)).toBe(1);
      expect(under.asked().filter(({ asks }) => asks.at(-1)?.includes(word))).toHaveLength(1);
      expect(await under.stored(session)).toBe(before);
      expect((await next.fork?.(request, never))?.session_id).toBe(copy.session_id);
      await next.close({ stop: false });
      return copy;
    }

    test('whose process was killed at any moment is made once', async () => {
      // Not to wait for something: to hit the moments before, between and after the copy and its note.
      for (const ms of [0, 10, 40, 100, 200]) {
        const made = await original();
        const child = spawn(
          process.execPath,
          ['--import', 'tsx', FORKER, ...under.forker, JSON.stringify(made.request)],
          { env: { ...process.env, ...under.env }, stdio: ['ignore', 'pipe', 'inherit'] },
        );
        await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
        await sleep(ms);
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        await goesOn(made);
      }
    });

    test.runIf(name !== 'Claude Code')('whose agent was killed meanwhile is made once', async () => {
      for (const ms of name === 'OpenCode' ? [0, 30] : [0, 10, 30, 80]) {
        const made = await original();
        const forking = agent.fork?.(made.request, never);
        forking?.catch(() => undefined); // It is awaited below.
        await sleep(ms);
        await under.kill();
        const { session_id } = (await forking) ?? {};
        expect((await goesOn(made)).session_id).toBe(session_id);
      }
    });

    test('whose agent was killed in the first turn goes on with it, and the original stays as it is', async () => {
      for (const ms of name === 'OpenCode' ? [30] : [0, 30, 100, 300]) {
        const { session, before, request } = await original();
        const opened = await agent.fork?.(request, never);
        const copy = { ...session, session_id: opened?.session_id ?? session.session_id };
        const word = randomUUID();
        const turn = startTurn(agent, copy, `${word} [[slow: 500]] [[say: Done.]]`, 'three');
        await sleep(ms);
        await under.kill();
        expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.' });
        expect((await under.promptsIn(copy)).filter((text) => text.includes(word))).toHaveLength(1);
        expect(await under.holdersOf(word)).toBe(1);
        expect(await under.stored(session)).toBe(before);
      }
    });

    test.runIf(name === 'OpenCode')('is nobody else’s, whatever their topic is called', async () => {
      const { request } = await original();
      const since = Date.now();
      const title = 'The original (fork #7)'; // As OpenCode titles a copy that nobody has named yet.
      const first = await agent.fork?.({ ...request, title }, never);
      const seed = randomUUID();
      const noted = new DurableFacts(join(under.forker[1] ?? '', 'agents', 'opencode', 'forks'), z.unknown());
      await noted.set(seed, { since }); // All that a kill in mid-copy leaves.
      const second = await agent.fork?.({ ...request, seed }, never);
      expect(second?.session_id).not.toBe(first?.session_id);
    });
  });
