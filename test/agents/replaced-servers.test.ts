/**
 * A server that outlived its worker, and a next worker with another environment: real agents, whose
 * tools tell which environment they have.
 */
import { randomUUID } from 'node:crypto';
import { access, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { supportedProgram } from '../../src/agents/opencode/version.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { isRunning } from '../support/processes.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn } from './run.js';

const AGENTS = { OpenCode: () => openCodeUnderTest(), Codex: codexUnderTest };
const isThere = { OpenCode: true, Codex: codexProgram() !== undefined };

test('an OpenCode that takes too much memory is started anew after its turns, and its sessions go on', async () => {
  const under = await openCodeUnderTest();
  const agent = under.create({ config: { kind: 'opencode', memoryLimitMiB: 1 } });
  try {
    const opened = await agent.open({ seed: 'large', title: 'Test', cwd: under.cwd, model: under.model }, never);
    const session = { ...opened, model: under.model, cwd: under.cwd };
    await runTurn(agent, session, 'Before');
    const { pid } = await under.server();
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
    expect((await runTurn(agent, session, 'After')).reply).toBe('You asked before: "Before". Now: "After".');
    expect(under.logs.map(({ message }) => message).join()).toMatch(/is replaced, because it takes \d+ MiB of memory/);
  } finally {
    await agent.close({ stop: true });
    await under.dispose();
  }
});

test('an OpenCode that should be replaced takes prompts as long as no other can be started', async () => {
  const under = await openCodeUnderTest();
  const path = join(under.dir, 'opencode-of-the-next');
  await symlink(await supportedProgram(undefined, { ...process.env, ...under.env }), path);
  const worker = (key: string) =>
    under.create({ config: { kind: 'opencode', path }, env: { ...process.env, ...under.env, PROOF_KEY: key } });
  const agents = [worker('a'), worker('b')] as const;
  const [first, next] = agents;
  const open = async (seed: string) => {
    const opened = await first.open({ seed, title: 'Test', cwd: under.cwd, model: under.model }, never);
    return { ...opened, model: under.model, cwd: under.cwd };
  };
  try {
    const [busy, other] = [await open('busy'), await open('other')];
    const work = 'Work [[bash: touch begun; until test -e go; do sleep 0.1; done]] [[say: Worked.]]';
    const turn = startTurn(first, busy, work, 'work');
    await vi.waitFor(() => access(join(under.cwd, 'begun')), { timeout: 60_000 });
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    await runTurn(next, other, 'Meanwhile [[say: Yes.]]');
    const { pid } = await under.server();
    await rm(path); // As while it is updated.
    await writeFile(join(under.cwd, 'go'), '');
    await expect.poll(() => under.notIdle(), { timeout: 60_000 }).toEqual({});
    expect(await runTurn(next, other, 'After [[say: Done.]]')).toMatchObject({ status: 'completed', reply: 'Done.' });
    expect((await under.server()).pid).toBe(pid);
  } finally {
    for (const agent of agents) await agent.close({ stop: true });
    await under.dispose();
  }
});

describe.each(Object.keys(AGENTS) as (keyof typeof AGENTS)[])('%s', (name) => {
  describe.runIf(isThere[name])('whose server was adopted', () => {
    let under: Awaited<ReturnType<(typeof AGENTS)[typeof name]>>;
    const agents: Agent[] = [];
    beforeAll(async () => {
      under = await AGENTS[name]();
    });
    afterAll(async () => {
      for (const agent of agents) await agent.close({ stop: true });
      await under?.dispose();
    });

    /** As the worker that is started next makes it. */
    function worker(key: string): Agent {
      const agent = under.create({ env: { ...process.env, ...under.env, PROOF_KEY: key } });
      agents.push(agent);
      return agent;
    }
    async function open(agent: Agent): Promise<SessionRef> {
      const opened = await agent.open({ seed: randomUUID(), title: 'Test', cwd: under.cwd, model: under.model }, never);
      return { ...opened, model: under.model, cwd: under.cwd };
    }
    const file = () => `key-${randomUUID().slice(0, 8)}`;
    const keyIn = async (name: string) => (await readFile(join(under.cwd, name), 'utf8')).trim();
    const told = (name: string) => vi.waitFor(() => keyIn(name), { timeout: 60_000 });
    /** The worker dies while this turn works. */
    async function diesIn(agent: Agent, session: SessionRef, prompt: string, id: string, at: string): Promise<void> {
      const turn = startTurn(agent, session, prompt, id);
      await told(at);
      turn.detach();
      await expect(turn.outcome).rejects.toThrow('detached');
    }

    test('the turn at work ends with the old keys, and the next prompt has the new ones', async () => {
      const first = worker('a');
      const session = await open(first);
      const [one, two] = [file(), file()];
      const prompt = `Work [[bash: echo $PROOF_KEY > ${one}; sleep 4]] [[bash: echo $PROOF_KEY > ${two}]] [[say: Worked.]]`;
      await diesIn(first, session, prompt, `id-${one}`, one);
      const { pid } = await under.server();
      const next = worker('b');
      await next.warm?.();
      expect(await runTurn(next, session, prompt, `id-${one}`)).toMatchObject({
        status: 'completed',
        reply: 'Worked.',
        recovered: 'reattached',
      });
      expect([await keyIn(one), await keyIn(two)]).toEqual(['a', 'a']);
      const three = file();
      const after = await runTurn(next, session, `Next [[bash: echo $PROOF_KEY > ${three}]] [[say: Done.]]`);
      expect(after).toMatchObject({ status: 'completed', reply: 'Done.' });
      expect(await keyIn(three)).toBe('b');
      expect(isRunning(pid)).toBe(false);
      expect(under.asked().at(-1)?.asks).toHaveLength(2);
    });

    test('the server is kept while another session works in it, also for a prompt that comes meanwhile', async () => {
      const first = worker('c');
      await first.warm?.();
      const [busy, other] = [await open(first), await open(first)];
      const [one, two, three] = [file(), file(), file()];
      await runTurn(first, other, 'Before [[say: Yes.]]');
      const prompt = `Work [[bash: echo $PROOF_KEY > ${one}; sleep 6]] [[say: Worked.]]`;
      await diesIn(first, busy, prompt, `id-${one}`, one);
      const next = worker('d');
      const meanwhile = await runTurn(next, other, `Meanwhile [[bash: echo $PROOF_KEY > ${two}]] [[say: Done.]]`);
      expect(meanwhile).toMatchObject({ status: 'completed', reply: 'Done.' });
      expect(await runTurn(next, busy, prompt, `id-${one}`)).toMatchObject({ reply: 'Worked.' });
      expect([await keyIn(one), await keyIn(two)]).toEqual(['c', 'c']);
      await runTurn(next, busy, `After [[bash: echo $PROOF_KEY > ${three}]] [[say: Done.]]`);
      expect(await keyIn(three)).toBe('d');
    });

    test('prompts that come in at the moment of the replacement are each put in once, and have the new keys', async () => {
      const first = worker('e');
      const sessions = [await open(first), await open(first), await open(first)];
      for (const session of sessions) await runTurn(first, session, 'Before [[say: Yes.]]');
      const next = worker('f');
      const files = sessions.map(file);
      const outcomes = await Promise.all(
        sessions.map((session, i) =>
          runTurn(next, session, `At once [[bash: echo $PROOF_KEY > ${files[i]}]] [[say: Done.]]`),
        ),
      );
      expect(outcomes.map(({ reply }) => reply)).toEqual(['Done.', 'Done.', 'Done.']);
      expect(await Promise.all(files.map(keyIn))).toEqual(['f', 'f', 'f']);
      for (const session of sessions) expect(await under.promptsIn(session)).toHaveLength(2);
    });

    test('a server that is as a new one would be is kept', async () => {
      const first = worker('g');
      const session = await open(first);
      await runTurn(first, session, 'Before [[say: Yes.]]');
      const { pid } = await under.server();
      const next = worker('g');
      await next.warm?.();
      await runTurn(next, session, 'After [[say: Yes.]]');
      expect((await under.server()).pid).toBe(pid);
    });
  });
});
