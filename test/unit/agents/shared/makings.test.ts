import { mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isOutdated, makingsOf, type Makings } from '../../../../src/agents/shared/makings.js';

let dir: string;
let program: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-makings-'));
  program = join(dir, 'agent');
  await writeFile(program, 'one');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const env = { PATH: '/bin', KEY: 'a-secret' };

const isMadeOf = async (made: Makings, path: string, given: Record<string, string>) =>
  !(await isOutdated(made, () => Promise.resolve(path), given));

describe('what a server was made of', () => {
  test('is taken for the same where that cannot be known: nothing is replaced by what cannot be started', async () => {
    const made = await makingsOf(program, env);
    const other = { ...env, KEY: 'another' };
    expect(await isOutdated(made, () => Promise.resolve(program), other)).toBe(true);
    expect(await isOutdated(made, () => Promise.reject(new Error('It is not installed.')), other)).toBe(false);
    expect(await isOutdated(made, () => Promise.resolve(join(dir, 'gone')), other)).toBe(false);
    expect(await isOutdated(undefined, () => Promise.resolve(program), other)).toBe(false);
  });

  test('is known again, wherever the worker was started from', async () => {
    const made = await makingsOf(program, env);
    expect(await isMadeOf(made, program, { KEY: 'a-secret', PATH: '/bin', PWD: '/x', SHLVL: '3', _: 'node' })).toBe(
      true,
    );
    await symlink(program, join(dir, 'link'));
    expect(await isMadeOf(made, join(dir, 'link'), env)).toBe(true);
  });

  test('differs with another value, another variable and one less', async () => {
    const made = await makingsOf(program, env);
    for (const other of [{ ...env, KEY: 'another' }, { ...env, MORE: '1' }, { PATH: '/bin' }])
      expect(await isMadeOf(made, program, other)).toBe(false);
  });

  test('differs with another program, and with one that was updated in its place', async () => {
    const made = await makingsOf(program, env);
    const other = join(dir, 'other');
    await writeFile(other, 'one');
    expect(await isMadeOf(made, other, env)).toBe(false);
    await utimes(other, new Date(0), new Date(0));
    await rename(other, program);
    expect(await isMadeOf(made, program, env)).toBe(false);
  });

  test('is kept as a digest that tells no value, and no two of them can be compared', async () => {
    const [one, two] = [await makingsOf(program, env), await makingsOf(program, env)];
    expect(JSON.stringify(one)).not.toContain('secret');
    expect(one.digest).not.toBe(two.digest);
  });
});
