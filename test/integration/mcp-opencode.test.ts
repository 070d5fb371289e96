/**
 * An agent delegates to an agent: an OpenCode whose model calls `delegate_task` over MCP, and
 * another OpenCode that does the work.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import type { SessionId } from '../../src/contract/ids.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from '../agents/opencode-under-test.js';
import { never, runTurn } from '../agents/run.js';
import { startWorld, type World } from '../support/world.js';
import { CONTINUITY } from './cli-command.js';

let world: World;
let worker: OpenCodeUnderTest;
let orchestrator: OpenCodeUnderTest;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  worker = await openCodeUnderTest();
  await world.startWorker({
    config: { defaultAgent: 'opencode', agents: { opencode: { kind: 'opencode' } } },
    agents: new Map([['opencode', worker.create()]]),
  });
  const environment = { TEMPORAL_ADDRESS: world.address, CONTINUITY_DATA_DIR: world.config.dataDir, HOME: world.dir };
  const command = [process.execPath, CONTINUITY, 'mcp', '--cwd', worker.cwd, '--wait', '120'];
  orchestrator = await openCodeUnderTest({
    mcp: { continuity: { type: 'local', command, environment, timeout: 60_000 } },
  });
});
afterAll(async () => {
  await orchestrator?.dispose();
  await world?.stopWorker();
  await worker?.dispose();
  await world?.dispose();
});

/** What the orchestrator's tools answered, as its own session holds it. */
async function toolOutputs(session: SessionRef): Promise<string[]> {
  const { data } = await (
    await orchestrator.client()
  ).session.messages({ sessionID: session.session_id }, { throwOnError: true });
  const parts = data.flatMap((message) => message.parts);
  return parts.flatMap((part) =>
    part.type === 'tool' ? [part.state.status === 'completed' ? part.state.output : JSON.stringify(part.state)] : [],
  );
}

const sessionIn = (output: string | undefined) => output?.match(/^session_id: (\S+)$/m)?.[1];

test(
  'the orchestrator is killed, and its follow-up goes on in the session of the agent that it delegated to',
  { timeout: 240_000 },
  async () => {
    const { cwd } = orchestrator;
    const before = orchestrator.create();
    const { session_id, store } = await before.open({ seed: 'orchestrator', title: 'orchestrator', cwd }, never);
    const session: SessionRef = { session_id, store, cwd };
    await runTurn(before, session, '[[delegate: Add a login endpoint]] [[say: delegated]]');
    const delegated = sessionIn((await toolOutputs(session)).at(-1));
    expect(delegated, (await toolOutputs(session)).join('\n')).toMatch(/^ses_/);
    await orchestrator.kill();

    await runTurn(orchestrator.create(), session, '[[delegate: Fix: add rate limiting]] [[say: followed up]]');
    const followUp = (await toolOutputs(session)).at(-1);
    expect(sessionIn(followUp)).toBe(delegated);
    expect(followUp).toContain('You asked before: "Add a login endpoint". Now: "Fix: add rate limiting".');
    expect(
      await worker.promptsIn({ session_id: delegated as SessionId, cwd: worker.cwd, store: join(worker.dir, 'data') }),
    ).toEqual(['Add a login endpoint', 'Fix: add rate limiting']);
    const topic = await world.manager.topicOf(`${delegated}`);
    expect((await world.manager.view(topic)).outcomes.map(({ session: { kind } }) => kind)).toEqual(['new', 'resumed']);
  },
);
