/** One worker for each host id: whatever became of the directory, or of the file that is locked. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureDataDir, holdDataDir, waitForDataDir } from '../../../src/host/data-dir-lock.js';
import { holdHost, type Host, type Owner } from '../../../src/host/host-lock.js';
import type { HeldLock } from '../../../src/host/lock-file.js';

let dir: string;
const held: HeldLock[] = [];
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-host-lock-')));
});
afterEach(async () => {
  for (const lock of held.splice(0)) lock.release();
  await rm(dir, { recursive: true, force: true });
});

const hostOn = (place: string, state = 'state'): Host => ({
  host: 'box-1a2b3c',
  dataDir: join(dir, place),
  env: { XDG_STATE_HOME: join(dir, state) },
});

async function hold(host: Host, waits?: (owner: Owner) => void): Promise<HeldLock | undefined> {
  const lock = await holdHost(host, waits);
  if (lock) held.push(lock);
  return lock;
}

describe('a host that a worker has', () => {
  test('is refused to a worker on a copy of its directory, with both directories and the process', async () => {
    await hold(hostOn('data'));
    const message = `A worker already runs for host box-1a2b3c on ${join(dir, 'data')} (process ${process.pid}), and ${join(dir, 'copy')} is a copy of that directory`;
    await expect(hold(hostOn('copy'))).rejects.toMatchObject({
      failure: { code: 'DATA_DIR_LOCKED', message: expect.stringContaining(message) as string },
    });
  });

  test('is refused to a worker on its own directory, whose lock file was removed', async () => {
    await hold(hostOn('data'));
    await expect(hold(hostOn('data'))).rejects.toMatchObject({
      failure: { code: 'DATA_DIR_LOCKED', message: expect.stringContaining('worker.lock was removed') as string },
    });
  });

  test('goes to a copy once that worker has ended', async () => {
    const first = await hold(hostOn('data'));
    first?.release();
    expect(await hold(hostOn('copy'))).toBeDefined();
  });

  test('goes to a standby on a copy once that worker has ended', async () => {
    const first = await hold(hostOn('data'));
    const owner = await new Promise<Owner>((resolve) => void hold(hostOn('copy'), resolve));
    expect(owner).toEqual({ pid: `${process.pid}`, place: join(dir, 'data') });
    first?.release();
    await expect.poll(() => held.length).toBe(2);
  });

  test('does not matter to another host', async () => {
    await hold(hostOn('data'));
    expect(await hold({ ...hostOn('other'), host: 'box-ffffff' })).toBeDefined();
  });
});

test('without a state directory that can be written, the lock of the data directory is all there is', async () => {
  await writeFile(join(dir, 'file'), '');
  expect(await hold(hostOn('data', 'file'))).toBeUndefined();
  expect(await hold({ ...hostOn('data'), env: { HOME: 'relative' } })).toBeUndefined();
});

describe('a lock file that is removed', () => {
  test('is seen by the holder of the lock', async () => {
    await ensureDataDir(join(dir, 'data'));
    const lock = holdDataDir(join(dir, 'data'), 'worker');
    held.push(lock);
    expect(lock.inPlace()).toBe(true);
    await rm(lock.file);
    expect(lock.inPlace()).toBe(false);
    await writeFile(lock.file, '');
    expect(lock.inPlace()).toBe(false);
  });

  test('lets no standby in beside the worker that has the new one', async () => {
    await ensureDataDir(join(dir, 'data'));
    const first = holdDataDir(join(dir, 'data'), 'worker');
    let standby: HeldLock | undefined;
    const waiting = new Promise<string>(
      (resolve) =>
        void waitForDataDir(join(dir, 'data'), 'worker', resolve).then((lock) => held.push((standby = lock))),
    );
    await waiting;
    await rm(first.file);
    const second = holdDataDir(join(dir, 'data'), 'worker');
    first.release();
    await expect(hold(hostOn('data'))).resolves.toBeDefined();
    expect(standby).toBeUndefined();
    second.release();
    await expect.poll(() => standby?.inPlace()).toBe(true);
  });
});
