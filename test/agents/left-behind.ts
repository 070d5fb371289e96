/** A cancel stops all of a turn: its tools, its sub-agents, and what they left in the background. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { isRunning } from '../support/processes.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { never, runTurn } from './run.js';
import { workOn } from './worked-on.js';

export interface Leaving {
  /** How many of two processes in the background the agent leaves alone when it is cancelled. */
  stay: 0 | 1 | 2;
  /** Whether nothing outlives a turn for long, however it ends. */
  endsWithTurn?: boolean;
  /** Whether its sub-agents can be switched on. */
  subAgents: boolean;
  /** The mode in which tools may leave something running. */
  mode?: string;
}

export function describeLeftBehind(name: string, make: () => Promise<AgentUnderTest>, is: Leaving): void {
  describe(`${name}, cancelled:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function open(): Promise<SessionRef> {
      const seed = randomUUID();
      const mode = is.mode === undefined ? {} : { mode: is.mode };
      const opened = await agent.open({ seed, title: seed, cwd: under.cwd, model: under.model, ...mode }, never);
      return { ...opened, cwd: under.cwd, model: under.model, ...mode };
    }
    const asked = (text: string) => under.asked().filter(({ asks }) => asks.at(-1)?.includes(text)).length;
    /** The pids that a tool wrote into the file, one on a line. */
    const pidsIn = (file: string, count: number) =>
      vi.waitFor(
        async () => {
          const pids = (await readFile(join(under.cwd, file), 'utf8')).split('\n').slice(0, -1).map(Number);
          expect(pids).toHaveLength(count);
          return pids;
        },
        { timeout: 60_000, interval: 50 },
      );
    const daemons = (file: string) =>
      `setsid sleep 1000 >/dev/null 2>&1 & echo $! >> ${file}; nohup sleep 1001 >/dev/null 2>&1 & echo $! >> ${file}`;
    const agents = { [name]: { kind: 'opencode' as const } };
    const stayingOf = async (pids: number[]) => {
      if (is.endsWithTurn) await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), { timeout: 30_000 });
      return pids.filter(isRunning);
    };
    const end = (pids: number[]) => {
      for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    };

    test('a tool that runs is ended, and nothing of it is left behind', async () => {
      const turn = workOn(agent, await open(), 'Run [[bash: echo $$ >> run; exec sleep 1000]]');
      const pids = await pidsIn('run', 1);
      turn.cancel();
      const ended = await turn.ended;
      expect(ended).toMatchObject({ status: 'cancelled' });
      expect(ended.left_behind).toBeUndefined();
      await vi.waitFor(() => expect(pids.map(isRunning)).toEqual([false]), { timeout: 10_000 });
    });

    test('what it has left in the background is listed, or was ended with it', async () => {
      const session = await open();
      const turn = workOn(agent, session, `Leave [[bash: ${daemons('kept')}]] [[hang]]`, { agents });
      const pids = await pidsIn('kept', 2);
      onTestFinished(() => end(pids));
      await vi.waitFor(() => expect(asked('Leave')).toBe(2), { timeout: 60_000 });
      turn.cancel();
      const { status, left_behind = [] } = await turn.ended;
      expect(status).toBe('cancelled');
      const stay = await stayingOf(pids);
      expect(left_behind.map(({ pid }) => pid).sort()).toEqual([...stay].sort());
      expect(stay).toHaveLength(is.stay);
      if (is.stay === 0) return;
      expect(left_behind.map(({ command }) => command)).toContain('sleep 1000');
      const ages = left_behind.map(({ since }) => Date.now() - Date.parse(since));
      for (const age of ages) expect(age).toBeGreaterThan(0);
      for (const age of ages) expect(age).toBeLessThan(120_000);
      const next = await workOn(agent, session, 'Next [[say: Here.]]').ended;
      expect(next.left_behind).toBeUndefined(); // Another turn has started them.
    });

    test('what it has left in the background is ended where config wants that, and nothing of another turn is', async () => {
      const session = await open();
      const before = await workOn(agent, session, `Serve [[bash: ${daemons('served')}]] [[say: Serving.]]`).ended;
      const served = await pidsIn('served', 2);
      onTestFinished(() => end(served));
      const listed = (before.left_behind ?? []).map(({ pid }) => pid);
      const serving = await stayingOf(served);
      expect(listed.sort()).toEqual([...serving].sort());
      const turn = workOn(agent, session, `Leave [[bash: ${daemons('ended')}]] [[hang]]`, {
        agents: { [agent.name]: { kind: 'opencode', leftBehind: 'end' } },
      });
      const pids = await pidsIn('ended', 2);
      await vi.waitFor(() => expect(asked('Leave')).toBeGreaterThan(0), { timeout: 60_000 });
      turn.cancel();
      const { left_behind = [] } = await turn.ended;
      if (is.endsWithTurn) await stayingOf(pids);
      expect(pids.map(isRunning)).toEqual([false, false]);
      if (is.stay === 0) return;
      expect(left_behind).toHaveLength(is.stay);
      for (const { pid, ended } of left_behind) expect([pids.includes(pid), ended]).toEqual([true, true]);
      expect(serving.map(isRunning)).toEqual(serving.map(() => true));
    });

    test.runIf(is.subAgents)('a sub-agent asks its model no more, and its tool is ended', async () => {
      const steps = Array.from({ length: 8 }, () => '{{bash: echo $$ >> steps; sleep 2}}').join(' ');
      const turn = workOn(agent, await open(), `Delegate [[task: Work ${steps} {{say: Sub.}}]] [[say: They did.]]`);
      await pidsIn('steps', 2);
      turn.cancel();
      expect(await turn.ended).toMatchObject({ status: 'cancelled' });
      const before = under.asked().length;
      const pids = (await readFile(join(under.cwd, 'steps'), 'utf8')).split('\n').slice(0, -1).map(Number);
      await sleep(5_000);
      expect(under.asked().length).toBe(before);
      expect(pids.map(isRunning)).toEqual(pids.map(() => false));
      expect((await runTurn(agent, await open(), 'Next [[say: Here.]]')).reply).toBe('Here.');
    });
  });
}
