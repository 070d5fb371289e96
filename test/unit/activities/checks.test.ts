import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { runCheck } from '../../../src/activities/check-command.js';
import { matchesOneCommand } from '../../../src/activities/pattern.js';
import { checkProofOf, isCheckProof } from '../../../src/host/check-proof.js';
import type { PromptId, TopicId } from '../../../src/contract/ids.js';
import { MAX_CHECK_OUTPUT_BYTES } from '../../../src/contract/limits.js';
import { isRunning } from '../../support/processes.js';

const dir = mkdtempSync(join(tmpdir(), 'continuity-checks-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (command: string, timeout: string | number = '20s', signal = new AbortController().signal) =>
  runCheck({ run: command, timeout }, { cwd: dir, marker: randomUUID(), signal, onOutput: () => undefined });

describe('a check', () => {
  test('passes with exit code 0 and fails with any other; both streams are told', async () => {
    expect(await run('echo fine')).toMatchObject({ passed: true, exit_code: 0, output: 'fine', output_bytes: 5 });
    expect(await run('echo out; echo err >&2; exit 3')).toMatchObject({
      passed: false,
      exit_code: 3,
      output: expect.stringMatching(/out\nerr|err\nout/) as string,
    });
    expect(await run('no-such-command-here')).toMatchObject({ passed: false, exit_code: 127 });
    expect(await run('kill -SEGV $$')).toMatchObject({
      passed: false,
      exit_code: null,
      stopped: 'it was ended by SIGSEGV',
    });
  });

  test('that never ends is cut off, with what it started', async () => {
    const ended = await run('sleep 61 & echo $!; sleep 62', 1000);
    expect(ended).toMatchObject({ passed: false, exit_code: null, stopped: 'it ran longer than 1 s' });
    expect(isRunning(Number(ended.output))).toBe(false);
  });

  test('that asks for input, or for a terminal, is told that there is none', async () => {
    expect(await run('read line || echo "no input"')).toMatchObject({ passed: true, output: 'no input' });
    expect(await run('echo "$(tty)"; exec 3</dev/tty')).toMatchObject({
      passed: false,
      output: expect.stringContaining('not a tty') as string,
    });
  });

  test('that prints without end is cut off, in a bounded memory', async () => {
    const before = process.memoryUsage.rss();
    const ended = await run('yes "a line that is printed again and again"');
    expect(ended).toMatchObject({ passed: false, stopped: 'it printed more than 100 MiB' });
    expect(Buffer.byteLength(ended.output ?? '')).toBeLessThanOrEqual(MAX_CHECK_OUTPUT_BYTES);
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * 1024 * 1024);
  });

  test.runIf(process.platform === 'linux')(
    'that leaves processes behind has them ended, and says so; they hold up nothing',
    async () => {
      const ended = await run('(setsid sleep 63 & echo $!)');
      expect(ended).toMatchObject({ passed: true, exit_code: 0, left_behind: 1 });
      expect(isRunning(Number(ended.output))).toBe(false);
      expect(ended.duration_ms).toBeLessThan(10_000);
    },
  );

  test('that nobody waits for any more is ended', async () => {
    const stop = new AbortController();
    const running = run('sleep 64', '20s', stop.signal);
    setTimeout(() => stop.abort(new Error('cancelled')), 100);
    await expect(running).rejects.toThrow('cancelled');
  });

  test('in a directory that is gone, says so', async () => {
    await expect(
      runCheck(
        { run: 'true' },
        { cwd: join(dir, 'none'), marker: 'x', signal: new AbortController().signal, onOutput: () => undefined },
      ),
    ).rejects.toThrow('ENOENT');
  });
});

describe('a pattern of checks.allow', () => {
  test.each([
    ['npm test', 'npm test', true],
    ['npm run *', 'npm run lint', true],
    ['npm run *', 'npm run lint -- --fix src', true],
    ['npm run *', 'npm run lint; rm -rf /', false],
    ['npm run *', 'npm run $(rm -rf /)', false],
    ['npm run *', 'npm run `id`', false],
    ['npm run *', 'npm run a\nid', false],
    ['npm run *', 'npm run a > /etc/passwd', false],
    ['npm run *', 'npm run a && id', false],
    ['npm test', 'npm test --watch', false],
    ['make (all)', 'make (all)', true],
    ['make .', 'make x', false],
  ])('%s: %s %s', (pattern, command, good) => expect(matchesOneCommand(pattern, command)).toBe(good));
});

test('a signature is good for its own topic, id and commands only, and in its own data directory only', async () => {
  const asked = { topic: 'auth' as TopicId, prompt_id: 'p-1' as PromptId, checks: [{ run: 'npm test' }] };
  const [here, there] = [join(dir, 'here'), join(dir, 'there')];
  const [proof, same] = await Promise.all([checkProofOf(here, asked), checkProofOf(here, asked)]);
  expect(same).toBe(proof);
  expect(await isCheckProof(here, asked, proof)).toBe(true);
  expect(await isCheckProof(here, { ...asked, checks: [{ run: 'npm test', timeout: '1h' }] }, proof)).toBe(false);
  expect(await isCheckProof(here, { ...asked, topic: 'other' as TopicId }, proof)).toBe(false);
  expect(await isCheckProof(here, { ...asked, prompt_id: 'p-2' as PromptId }, proof)).toBe(false);
  expect(await isCheckProof(there, asked, proof)).toBe(false);
  expect(await isCheckProof(here, asked, 'short')).toBe(false);
});

test('whoever comes first makes the key, and all others use that one', async () => {
  const asked = { topic: 'auth' as TopicId, prompt_id: 'p-1' as PromptId, checks: [{ run: 'npm test' }] };
  for (let round = 0; round < 20; round += 1) {
    const here = join(dir, `crowd-${round}`);
    const proofs = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        for (let turns = 0; turns < i; turns += 1) await new Promise(setImmediate);
        return checkProofOf(here, asked);
      }),
    );
    expect(new Set(proofs).size).toBe(1);
    expect(await readdir(here)).toEqual(['check-key']);
  }
});
