import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holderOf, holdLock, type InheritedLock } from '../../../../src/agents/shared/inherited-lock.js';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'continuity-lock-'));
  file = join(directory, 'below', 'lock');
});
afterEach(() => rm(directory, { recursive: true }));

function held(): InheritedLock {
  const lock = holdLock(file);
  if (!lock) throw new Error('The lock is taken.');
  return lock;
}

it('one at a time has it, and says what it does with it', () => {
  expect(holderOf(file)).toBeUndefined();
  const lock = held();
  expect(holdLock(file)).toBeUndefined();
  expect(holderOf(file)).toEqual({});
  lock.note({ key: 'a much longer note' });
  lock.note({ key: 'b' });
  expect(holderOf(file)).toEqual({ key: 'b' });
  lock.release();
  expect(holderOf(file)).toBeUndefined();
});

it('a program that inherits it has it until it ends, while what it started lives on', async () => {
  const lock = held();
  const script = 'sleep 300 3>&- & echo $!; read line';
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore', lock.fd] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  lock.note({ key: 'of the child' });
  lock.release();
  expect(holderOf(file)).toEqual({ key: 'of the child' });
  expect(holdLock(file)).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
  // The shell forks before it closes the lock in what it starts.
  await expect.poll(() => holderOf(file)).toBeUndefined();
  process.kill(Number(line.toString()), 'SIGKILL');
});

it('a note that is no JSON, or of an older release, holds the lock all the same', async () => {
  held().release();
  await writeFile(file, 'half of a no');
  const lock = held();
  expect(holderOf(file)).toEqual({});
  lock.release();
  expect(await readFile(file, 'utf8')).toBe('half of a no');
});
