import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { identityOf, isAlive } from '../../../src/host/process-identity.js';

const platform = process.platform;
const as = (value: NodeJS.Platform) => Object.defineProperty(process, 'platform', { value });
afterEach(() => void as(platform));

async function sleeper() {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return { child, pid: child.pid ?? 0 };
}

describe.each(platform === 'linux' ? (['linux', 'darwin'] as const) : ([platform] as const))(
  'a recorded process on %s',
  (name) => {
    test('is the same one as long as it runs, also for a reader with another language and time zone', async () => {
      as(name);
      const { pid } = await sleeper();
      const identity = await identityOf(pid);
      const { TZ, LC_ALL } = process.env;
      onTestFinished(() => void Object.assign(process.env, { TZ: TZ ?? 'UTC', LC_ALL: LC_ALL ?? 'C' }));
      Object.assign(process.env, { TZ: 'Asia/Tokyo', LC_ALL: 'de_DE.UTF-8' });
      expect(identity).toMatchObject({ pid, started: expect.stringMatching(/\d/) as string });
      expect(identity && (await isAlive(identity))).toBe(true);
    });

    test('does not count as ours by its pid alone', async () => {
      as(name);
      const { pid } = await sleeper();
      expect(await isAlive({ pid, started: 'unknown' })).toBe(false);
      expect(await isAlive({ pid, started: '' })).toBe(false);
    });

    test('has no identity once it has ended', async () => {
      as(name);
      const { child, pid } = await sleeper();
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await identityOf(pid)).toBeUndefined();
    });
  },
);
