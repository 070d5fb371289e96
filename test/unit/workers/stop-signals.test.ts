/** Real signals to a real process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

const script = fileURLToPath(new URL('../../support/counts-signals.ts', import.meta.url));

async function start() {
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const says = (words: string) => vi.waitFor(() => expect(out).toContain(words), { timeout: 20_000, interval: 10 });
  await says('ready');
  return { child, says, out: () => out };
}

describe('signals to a worker', () => {
  test.each([
    ['SIGINT', 'SIGTERM', 'SIGHUP', 129],
    ['SIGHUP', 'SIGINT', 'SIGTERM', 143],
  ] as const)('%s and then %s are two, and %s as the third ends the process', async (one, two, three, code) => {
    const { child, says } = await start();
    child.kill(one);
    await says(`first ${one}, ends agents`);
    child.kill(two);
    await says(`second ${two}, ends agents`);
    child.kill(three);
    expect(await once(child, 'exit')).toEqual([code, null]);
  });

  test('SIGTERM leaves the agents at work, and SIGINT after it does not', async () => {
    const { child, says } = await start();
    child.kill('SIGTERM');
    await says('first SIGTERM\n');
    child.kill('SIGINT');
    await says('second SIGINT, ends agents');
  });

  test('SIGINT that a terminal sends and that npx forwards is one', async () => {
    const { child, says, out } = await start();
    child.kill('SIGINT');
    await says('first SIGINT');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    await says('second SIGTERM');
    expect(out()).not.toContain('second SIGINT');
  });
});
