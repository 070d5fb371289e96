/** The command of a notice is started once, and its end is known to whoever asks. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOldNotices, runNotice, type NoticeCommand } from '../../../src/host/notice-command.js';
import { NOTICE_MARKER, treeRuns } from '../../../src/host/process-tree.js';
import { linesOf } from '../../support/told.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-notices-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
let made = 0;
const commandOf = (run: string): NoticeCommand & { file: string } => {
  const key = `notice-${(made += 1)}`;
  const file = join(dir, `${key}.told`);
  return { key, run: run.replaceAll('FILE', file), cwd: dir, env: { WORD: 'a b' }, stdin: '{"event":"ended"}\n', file };
};

test('it gets its words and its input, in its directory, and leaves only its claim', async () => {
  const command = commandOf('{ pwd; echo "$WORD"; cat; } > FILE');
  expect(await runNotice(command, dir, never)).toBe(undefined);
  expect(linesOf(command.file)).toEqual([dir, 'a b', '{"event":"ended"}']);
  expect(readdirSync(join(dir, 'notices')).filter((name) => name.startsWith(command.key))).toEqual([command.key]);
});

test('many attempts at once start it once, and all learn how it ended', async () => {
  const command = commandOf('echo x >> FILE; sleep 0.3; echo no >&2; exit 7');
  const ends = await Promise.all(Array.from({ length: 8 }, () => runNotice(command, dir, never)));
  expect(linesOf(command.file)).toEqual(['x']);
  for (const end of ends) expect(end).toMatch(/^it ended with exit code 7/);
  expect(await runNotice(command, dir, never)).toBe('it ended with exit code 7');
  expect(linesOf(command.file)).toEqual(['x']);
});

test('an attempt that is let go of leaves it running, and the next one waits for its end', async () => {
  const command = commandOf('echo began >> FILE; sleep 0.5; echo ended >> FILE');
  const letGo = new AbortController();
  const first = runNotice(command, dir, letGo.signal);
  await expect.poll(() => linesOf(command.file)).toEqual(['began']);
  letGo.abort(new Error('let go'));
  await expect(first).rejects.toThrow('let go');
  expect(await runNotice(command, dir, never)).toBe(undefined);
  expect(linesOf(command.file)).toEqual(['began', 'ended']);
});

test('one that hangs is ended with all that it started, also by an attempt that did not start it', async () => {
  const command = commandOf('sleep 60 & sleep 60; echo ended > FILE');
  const [own, other] = await Promise.all([
    runNotice(command, dir, never, 500),
    sleep(200).then(() => runNotice(command, dir, never, 500)),
  ]);
  expect(own).toBe('it ran longer than 0.5 s');
  expect(other).toBe('it ran longer than 0.5 s');
  expect(treeRuns(`${NOTICE_MARKER}=${command.key}`)).toBe(false);
  expect(existsSync(command.file)).toBe(false);
});

test('of a long output, the last whole characters are told', async () => {
  const command = commandOf(
    "head -c 400 /dev/zero | tr '\\0' x; for i in $(seq 100); do printf '😀'; done; printf x; exit 3",
  );
  expect(await runNotice(command, dir, never)).toBe(`it ended with exit code 3: ${'😀'.repeat(74)}x`);
});

test('one that prints without end after a while is ended soon, and only the end of it is read', async () => {
  const command = commandOf('sleep 1; exec yes');
  expect(await runNotice(command, dir, never)).toMatch(/^it printed more than 1 MiB: (y?\n)+y?$/);
});

test('one that kills the shell around it is waited for to its end', async () => {
  const command = commandOf('kill -9 $PPID; sleep 0.5; echo ended >> FILE');
  expect(await runNotice(command, dir, never)).toMatch(/cut off/);
  expect(linesOf(command.file)).toEqual(['ended']);
});

test('one that reads nothing of a long input ends as it does', async () => {
  const command = { ...commandOf('true'), stdin: 'x'.repeat(1024 * 1024) };
  expect(await runNotice(command, dir, never)).toBe(undefined);
});

test('one that was cut off by the end of the machine is not started again', async () => {
  const command = commandOf('echo x >> FILE');
  mkdirSync(join(dir, 'notices'), { recursive: true });
  writeFileSync(join(dir, 'notices', command.key), '999999\n');
  expect(await runNotice(command, dir, never)).toMatch(/cut off/);
  expect(existsSync(command.file)).toBe(false);
});

test('one whose end was begun by an attempt that was killed is ended, and told as that one wanted', async () => {
  const command = commandOf('true');
  mkdirSync(join(dir, 'notices'), { recursive: true });
  writeFileSync(join(dir, 'notices', command.key), '999999\nstopping: it ran longer than 30 s\n');
  expect(await runNotice(command, dir, never)).toBe('it ran longer than 30 s');
});

test('claims are kept for 90 days', async () => {
  const [old, young] = [commandOf('true'), commandOf('true')];
  await runNotice(old, dir, never);
  await runNotice(young, dir, never);
  const long = Date.now() / 1000 - 91 * 24 * 60 * 60;
  utimesSync(join(dir, 'notices', old.key), long, long);
  await forgetOldNotices(dir);
  expect(existsSync(join(dir, 'notices', old.key))).toBe(false);
  expect(readFileSync(join(dir, 'notices', young.key), 'utf8')).toMatch(/^\d+\n0\n$/);
});
