/**
 * Promise 5 for a topic that was closed with its sessions archived: its next prompt goes on in the
 * session that the agent no longer lists. With the real OpenCode and the real Codex.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import type { SessionManager } from '../../src/client/session-manager.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import type { AgentUnderTest } from '../agents/conformance.js';
import { codexUnderTest } from '../agents/codex-under-test.js';
import { openCodeUnderTest } from '../agents/opencode-under-test.js';
import { never, runTurn } from '../agents/run.js';
import { startWorld, type World } from '../support/world.js';

const aTopic = () => `topic ${randomUUID()}`;

interface Archiving {
  under: AgentUnderTest;
  /** The ids of the agent's own list. */
  listed(): Promise<string[]>;
}

/**
 * As OpenCode's app does it: the server names the sessions, and the app leaves out those that have a
 * time (1.18.33). `opencode session list` prints them all.
 */
async function archivingOpenCode(): Promise<Archiving> {
  const under = await openCodeUnderTest();
  return {
    under,
    async listed() {
      const { data } = await (await under.client()).session.list({ directory: under.cwd }, { throwOnError: true });
      return data.filter(({ time }) => !time.archived).map(({ id }) => id);
    },
  };
}

async function archivingCodex(): Promise<Archiving> {
  const under = await codexUnderTest();
  return {
    under,
    async listed() {
      const person = await under.client();
      const { data } = (await person.call('thread/list', {})) as { data: { id: string }[] };
      person.close();
      return data.map(({ id }) => id);
    },
  };
}

for (const [name, make, isThere] of [
  ['OpenCode', archivingOpenCode, true],
  ['Codex', archivingCodex, codexProgram() !== undefined],
] as const) {
  describe.runIf(isThere)(`${name} (skipped where node scripts/fetch-agents.mjs codex was not run)`, () => {
    const kind = name === 'OpenCode' ? ('opencode' as const) : ('codex' as const);
    let world: World;
    let its: Archiving;
    let agent: Agent;
    let manager: SessionManager;
    beforeAll(async () => {
      [world, its] = await Promise.all([startWorld({ worker: false }), make()]);
      agent = its.under.create();
      const config = { agents: { [kind]: { kind, model: its.under.model } }, defaultAgent: kind };
      await world.startWorker({ config, agents: new Map([[kind, agent]]) });
      manager = await world.connect({ cwd: its.under.cwd });
    });
    afterAll(async () => {
      await world?.dispose();
      await agent?.close({ stop: true });
      await its?.under.dispose();
    });

    const ours = async () => (await agent.sessions?.())?.map(({ session_id }) => session_id);

    test('promise 5: a topic that was closed with its sessions archived goes on in the session that the agent no longer listed', async () => {
      const topic = aTopic();
      const { session_id, prompt_id } = await manager.delegate(topic, 'Add login endpoint');
      expect(await its.listed()).toContain(session_id);
      expect(await manager.close(topic, { archive: true })).toEqual({
        remaining: 0,
        sessions: [{ session_id, agent: kind, host: 'host-1', archived: true }],
      });
      expect(await its.listed()).not.toContain(session_id);
      expect(await ours()).not.toContain(session_id);
      expect((await manager.reply(topic, prompt_id)).parts.at(-1)?.text).toBe('You asked first: "Add login endpoint".');
      expect(await manager.delegate(topic, 'And a test')).toMatchObject({
        status: 'completed',
        session_id,
        turn: 2,
        session: { kind: 'resumed' },
        reply: 'You asked before: "Add login endpoint". Now: "And a test".',
      });
      expect(await its.listed()).toContain(session_id);
      expect(await ours()).toContain(session_id);
      expect((await manager.view(topic)).sessions[0]).not.toHaveProperty('archive');
    });

    test('a topic that is closed is archived afterwards, twice, and its session can be deleted from the archive', async () => {
      const topic = aTopic();
      const { session_id } = await manager.delegate(topic, 'One');
      await manager.close(topic);
      const archived = { remaining: 0, sessions: [{ session_id, agent: kind, host: 'host-1', archived: true }] };
      expect(await manager.close(topic, { archive: true })).toEqual(archived);
      expect(await manager.close(topic, { archive: true })).toEqual(archived);
      const { sessions } = await manager.forget(topic, { sessions: true });
      expect(sessions).toMatchObject([{ session_id, deleted: true }]);
    });

    test('a session that is gone is not archived, and the reason is given', async () => {
      const topic = aTopic();
      const { session_id } = await manager.delegate(topic, 'One');
      const [session] = (await manager.view(topic)).sessions;
      if (!session) throw new Error('The topic has no session.');
      await its.under.lose({ session_id: session.session_id, ...session.pinned });
      expect((await manager.close(topic, { archive: true })).sessions).toMatchObject([
        { session_id, archived: false, kept_because: `it is no longer in ${session.pinned.store}` },
      ]);
    });

    test('the prompts that are queued are worked on first, and the topic then shows what became of its sessions', async () => {
      const topic = aTopic();
      await manager.submit(topic, 'One [[slow: 1000]]');
      await manager.submit(topic, 'Two', { prompt_id: 'two' });
      const { remaining, ...rest } = await manager.close(topic, { archive: true });
      expect(remaining).toBeGreaterThan(0);
      expect(rest).toEqual({});
      const { session_id } = await manager.wait(topic, 'two');
      await expect.poll(async () => (await manager.view(topic)).state, { timeout: 30_000 }).toBe('closed');
      expect((await manager.view(topic)).sessions).toMatchObject([{ session_id, archive: {} }]);
      expect(await its.listed()).not.toContain(session_id);
    });

    test('a topic that closes, by itself or because a person says so, archives nothing', async () => {
      const config = { ...world.config, limits: { ...world.config.limits, closeUnnamedAfterMs: 1000 } };
      const impatient = await world.connect({ config, cwd: its.under.cwd });
      const { topic, session_id } = await impatient.delegate(undefined, 'One');
      await expect.poll(async () => (await manager.view(topic)).state, { timeout: 30_000 }).toBe('closed');
      expect(await ours()).toContain(session_id);
      await manager.delegate(topic, 'Two');
      expect(await manager.close(topic)).toEqual({ remaining: 0 });
      expect(await ours()).toContain(session_id);
    });
  });
}

describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () => {
    test('a session that a person archived is not brought back by a prompt', async () => {
      const under = await codexUnderTest();
      onTestFinished(() => under.dispose());
      const agent = under.create();
      const opened = await agent.open({ seed: 'one', title: 'One', cwd: under.cwd, model: under.model }, never);
      const session = { ...opened, cwd: under.cwd, model: under.model };
      await runTurn(agent, session, 'One', 'one');
      const person = await under.client();
      await person.call('thread/archive', { threadId: session.session_id });
      person.close();
      await expect(runTurn(agent, session, 'Two')).rejects.toMatchObject({ failure: { code: 'SESSION_LOST' } });
      expect(await under.promptsIn(session)).toEqual(['One']);
      expect(await runTurn(agent, session, 'One', 'one')).toMatchObject({
        status: 'completed',
        recovered: 'harvested',
      });
      await agent.close({ stop: true });
    });
  },
);

test('an agent without an archive says so, and the topic closes and goes on', async () => {
  const world = await startWorld();
  onTestFinished(() => world.dispose());
  const topic = aTopic();
  const { session_id } = await world.manager.delegate(topic, 'one');
  expect(await world.manager.close(topic, { now: true, archive: true })).toEqual({
    remaining: 0,
    sessions: [
      { session_id, agent: 'fake', host: 'host-1', archived: false, kept_because: 'agent fake has no archive' },
    ],
  });
  expect(await world.manager.delegate(topic, 'two')).toMatchObject({ session_id, turn: 2, status: 'completed' });
  await expect(world.manager.close('no such topic', { archive: true })).rejects.toMatchObject({
    code: 'TOPIC_UNKNOWN',
  });
});
