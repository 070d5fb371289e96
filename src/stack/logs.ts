/** Logs under the data directory: the owner's alone, never more than two files of each. */
import { openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROLL_OVER_AT_BYTES = 10 * 1024 * 1024;
const LOOK_EVERY_MS = 150;

export function logOf(dataDir: string, name: 'temporal' | 'worker'): string {
  return join(dataDir, 'logs', `${name}.log`);
}

/** A descriptor to append to, for a child that may outlive us: a pipe would break with us, and the child by it. */
export function openLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ROLL_OVER_AT_BYTES) renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
}

/** Hands on what is appended from now on. */
export async function followLog(file: string, write: (text: string) => void): Promise<{ stop(): Promise<void> }> {
  const stopped = new AbortController();
  const handle = await open(file, 'r');
  let { size: position } = await handle.stat();
  const buffer = Buffer.alloc(64 * 1024);
  const catchUp = async () => {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      write(buffer.toString('utf8', 0, bytesRead));
    }
  };
  const following = (async () => {
    while (!stopped.signal.aborted) {
      await catchUp();
      await sleep(LOOK_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined); // Stopped: seen by the loop.
    }
    await catchUp();
    await handle.close();
  })();
  return {
    stop: () => {
      stopped.abort();
      return following;
    },
  };
}
