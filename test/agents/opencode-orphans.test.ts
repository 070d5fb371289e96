/**
 * What outlives a killed server is found and ended before the turn goes on; only what is provably
 * of this data directory.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { findProgram } from '../../src/agents/opencode/program.js';
import { isRunning } from '../support/processes.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { never, startTurn } from './run.js';

let under: OpenCodeUnderTest;
let agent: Agent;
beforeAll(async () => {
  under = await openCodeUnderTest();
  agent = under.create();
});
afterAll(async () => {
  await agent?.close({ stop: true });
  await under?.dispose();
});

async function open(seed: string): Promise<SessionRef> {
  const opened = await agent.open({ seed, title: seed, cwd: under.cwd, model: under.model }, never);
  return { ...opened, model: under.model, cwd: under.cwd };
}

/** The pids that a tool wrote, one on a line. */
const pidsIn = (file: string, count: number) =>
  vi.waitFor(
    async () => {
      const pids = (await readFile(join(under.cwd, file), 'utf8')).split('\n').slice(0, -1).map(Number);
      expect(pids).toHaveLength(count);
      return pids;
    },
    { timeout: 60_000, interval: 50 },
  );

/**
 * Runs once; when the turn is continued it ends at once, noting which of the pids still run then.
 */
const tool = (name: string, script: string) =>
  `[[bash: test -e ${name}.pids && { for pid in $(cat ${name}.pids); do test -d /proc/$pid && echo $pid; done > ${name}.left; exit 0; }; ${script}]] [[say: Done.]]`;

describe.runIf(process.platform === 'linux')('After a kill of the server', () => {
  test.each([
    ['a tool that ignores SIGTERM', 'deaf', `trap "" TERM HUP INT; echo $$ >> deaf.pids; while :; do sleep 1; done`, 1],
    [
      'a child in a session of its own, whose parent still runs',
      'apart',
      `setsid sh -c "echo \\$\\$ >> apart.pids; exec sleep 300" & sleep 0.2; echo $$ >> apart.pids; exec sleep 300`,
      2,
    ],
    [
      'a daemon, whose parents are gone',
      'daemon',
      `(setsid sh -c "echo \\$\\$ >> daemon.pids; exec sleep 300" &) ; exec sleep 300`,
      1,
    ],
  ])('%s is gone before the turn goes on', async (_what, name, script, count) => {
    const session = await open(name);
    const turn = startTurn(agent, session, `Start ${tool(name, script)}`);
    const pids = await pidsIn(`${name}.pids`, count);
    expect(pids.map(isRunning)).toEqual(pids.map(() => true));
    await under.kill();
    expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.', recovered: 'continued' });
    expect(await readFile(join(under.cwd, `${name}.left`), 'utf8')).toBe('');
    expect(pids.map(isRunning)).toEqual(pids.map(() => false));
  });

  test("another data directory's server and tools, and a person's own server, are left alone", async () => {
    const other = under.create({ dataDir: join(under.dir, 'other') });
    onTestFinished(() => other.close({ stop: true }));
    const opened = await other.open({ seed: 'other', title: 'other', cwd: under.cwd, model: under.model }, never);
    const theirs = startTurn(
      other,
      { ...opened, model: under.model, cwd: under.cwd },
      'Other [[bash: echo $$ >> other.pids; sleep 300]]',
    );
    const [theirTool = 0] = await pidsIn('other.pids', 1);

    const own = spawn(await findProgram(undefined, { ...process.env, ...under.env }), ['serve', '--port', '0'], {
      cwd: under.cwd,
      env: { ...process.env, ...under.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void own.kill('SIGKILL'));
    let said = '';
    own.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await vi.waitFor(() => expect(said).toContain('listening'), { timeout: 60_000 });

    const session = await open('ours');
    const turn = startTurn(agent, session, `Ours ${tool('ours', 'echo $$ >> ours.pids; exec sleep 300')}`);
    const [ourTool = 0] = await pidsIn('ours.pids', 1);
    await under.kill();
    expect(await turn.outcome).toMatchObject({ reply: 'Done.' });
    await agent.close({ stop: true });
    expect(isRunning(ourTool)).toBe(false);
    expect([theirTool, own.pid ?? 0].map(isRunning)).toEqual([true, true]);
    await other.cancel({ ...opened, cwd: under.cwd }, never);
    const outcome = await theirs.outcome;
    expect(outcome).toMatchObject({ status: 'cancelled' });
    expect(outcome.recovered).toBeUndefined();
    agent = under.create();
  });
});
