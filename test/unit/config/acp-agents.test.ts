import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.js';
import { ACP_PRESETS } from '../../../src/config/acp-presets.js';
import { withoutTrust } from '../../../src/config/needs-trust.js';

let directory: string;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-acp-config-')));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** As a person's own file says it: that needs no trust. */
async function agents(said: object) {
  const file = join(directory, 'config.json');
  await writeFile(file, JSON.stringify({ agents: said }));
  const env = { HOME: directory, CONTINUITY_CONFIG: file, CONTINUITY_DATA_DIR: join(directory, 'data') };
  const config = await loadConfig({ cwd: directory, env }).catch((error: Error) => {
    throw new Error(error.message.replaceAll(` in ${file}`, ''));
  });
  return config.agents;
}

test('a preset is a command, and a second name can use it in another mode', async () => {
  const { gemini, planner } = await agents({
    gemini: { kind: 'acp', preset: 'gemini' },
    planner: { kind: 'acp', preset: 'gemini', mode: 'plan' },
  });
  expect(gemini).toEqual({ kind: 'acp', command: ['gemini', '--acp'] });
  expect(planner).toEqual({ kind: 'acp', command: ['gemini', '--acp'], mode: 'plan' });
});

test('a program with a slash is meant from the file, and arguments are as they are', async () => {
  const { mine, onPath } = await agents({
    mine: { kind: 'acp', command: ['./bin/agent', './x', ''] },
    onPath: { kind: 'acp', command: ['agent'] },
  });
  expect(mine?.command).toEqual([join(directory, 'bin/agent'), './x', '']);
  expect(onPath?.command).toEqual(['agent']);
});

test.each([
  [{ kind: 'acp' }, /agents\.x\.command is missing.*preset names one of auggie/],
  [{ kind: 'acp', command: [] }, /agents\.x\.command must be a program and its arguments/],
  [{ kind: 'acp', command: 'gemini --acp' }, /agents\.x\.command must be a program and its arguments/],
  [{ kind: 'acp', command: ['gemini'], preset: 'gemini' }, /agents\.x\.preset must be left out/],
  [{ kind: 'acp', preset: 'gemini', path: '/bin/gemini' }, /agents\.x\.path must be left out/],
  [{ kind: 'acp', preset: 'gemni' }, /agents\.x\.preset must be one of "auggie"/],
  [{ kind: 'codex', command: ['codex'] }, /agents\.x\.command is only for agents of kind "acp"/],
  [{ kind: 'codex', preset: 'gemini' }, /agents\.x\.preset is only for agents of kind "acp"/],
])('%j is refused, and the message says what is wrong', async (said, message) => {
  await expect(agents({ x: said })).rejects.toThrow(message);
});

test('a command needs trust, and a preset does not', () => {
  const said = {
    agents: {
      mine: { kind: 'acp' as const, command: ['./agent'] },
      gemini: { kind: 'acp' as const, preset: 'gemini' as const },
    },
  };
  expect(withoutTrust(said)).toEqual({
    content: { agents: { mine: { kind: 'acp' }, gemini: { kind: 'acp', preset: 'gemini' } } },
    withheld: ['agents.mine.command'],
  });
});

test('no preset names a program by a path', () => {
  for (const [program] of Object.values(ACP_PRESETS)) expect(program).toMatch(/^[a-z-]+$/);
});
