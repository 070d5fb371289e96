/**
 * A full disk: under OpenCode's store, and under our own data directory. Needs to mount a small
 * file system, so root on Linux.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PromptKey } from '../../src/agents/driver.js';
import { PromptNotes } from '../../src/agents/turn/prompt-notes.js';
import { ServerRecord } from '../../src/agents/opencode/record.js';
import { readRecord, writeRecord } from '../../src/agents/shared/server-record.js';
import { runNotice } from '../../src/host/notice-command.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn } from './run.js';

function mountAt(dir: string, size: string): boolean {
  mkdirSync(dir, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status === 0;
}
const unmount = (dir: string) => execFileSync('umount', ['--lazy', dir]);

function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'continuity-mount-'));
  const mounted = process.platform === 'linux' && mountAt(dir, '64k');
  if (mounted) unmount(dir);
  rmdirSync(dir);
  return mounted;
}

/** Leaves no room; returns what gives it back. */
async function fill(dir: string): Promise<() => Promise<void>> {
  const file = join(dir, 'filler');
  for (
    let kib = Math.ceil((statfsSync(dir).bavail * statfsSync(dir).bsize) / 1024);
    kib >= 1;
    kib = Math.floor(kib / 2)
  ) {
    await writeFile(file, Buffer.alloc(kib * 1024), { flag: 'a' }).catch(() => undefined); // ENOSPC is what it is for.
  }
  expect(statfsSync(dir).bavail).toBe(0);
  return () => rm(file);
}

describe.skipIf(!canMount())('With a full disk', () => {
  test('under our data directory: what was written before stays whole, and what can not be written is an error', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'continuity-full-'));
    mountAt(dir, '64k');
    onTestFinished(() => {
      unmount(dir);
      rmdirSync(dir);
    });
    const file = join(dir, 'server.json');
    const record = { pid: 1, started: '1', port: 1, password: 'secret', store: '/store' };
    await writeRecord(file, record);
    const notes = new PromptNotes(dir);
    await notes.add('cancelled', 'msg_before' as PromptKey);
    const makeRoom = await fill(dir);
    await expect(writeRecord(file, { ...record, pid: 2 })).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readRecord(ServerRecord, file)).toEqual(record);
    expect(await notes.has('cancelled', 'msg_before' as PromptKey)).toBe(true);
    await makeRoom();
    await writeRecord(file, { ...record, pid: 3 });
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: 3 });
  });

  test('a notice is not started where nobody could know that it was, and is started once there is room', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'continuity-full-'));
    mountAt(dir, '64k');
    onTestFinished(() => {
      unmount(dir);
      rmdirSync(dir);
    });
    const told = join(tmpdir(), `continuity-told-${process.pid}`);
    onTestFinished(() => rm(told, { force: true }));
    const command = { key: 'full', run: `echo x >> ${told}`, cwd: tmpdir(), env: {}, stdin: '{}\n' };
    mkdirSync(join(dir, 'notices'));
    const makeRoom = await fill(dir);
    const { size } = await stat(join(dir, 'filler'));
    await truncate(join(dir, 'filler'), size - statfsSync(dir).bsize); // Its input has room, and its claim has none.
    await expect(runNotice(command, dir, never)).rejects.toThrow(/could not be started/);
    expect(existsSync(told)).toBe(false);
    await makeRoom();
    expect(await runNotice(command, dir, never)).toBe(undefined);
    expect(await readFile(told, 'utf8')).toBe('x\n');
  });

  test("under OpenCode's store: the prompt is not lost and not doubled, and goes on once there is room", async () => {
    const under = await openCodeUnderTest();
    const data = join(under.dir, 'data');
    mountAt(data, '24m');
    const agent = under.create();
    try {
      const opened = await agent.open({ seed: 'full', title: 'full', cwd: under.cwd, model: under.model }, never);
      const session = { ...opened, model: under.model, cwd: under.cwd };
      await runTurn(agent, session, 'Before');
      const makeRoom = await fill(data);
      const prompt = `No room ${'x'.repeat(60_000)} [[say: Room.]]`;
      await expect(runTurn(agent, session, prompt, 'full')).rejects.toMatchObject({
        retryable: true,
        failure: { code: 'AGENT_CRASHED' },
      });
      await makeRoom();
      expect(await runTurn(agent, session, prompt, 'full')).toMatchObject({ status: 'completed', reply: 'Room.' });
      expect(await under.promptsIn(session)).toEqual(['Before', prompt]);
    } finally {
      await agent.close({ stop: true });
      unmount(data);
      await under.dispose();
    }
  }, 120_000);
});
