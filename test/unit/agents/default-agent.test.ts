import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../../src/config.js';
import { defaultAgentOf } from '../../../src/agents/default-agent.js';

/** OpenCode is a development dependency here, and found beside us: only a path hides it. */
const NO_OPENCODE = { opencode: { kind: 'opencode' as const, path: '/nowhere/opencode' } };
const AGENTS: Config['agents'] = {
  opencode: { kind: 'opencode' },
  'claude-code': { kind: 'claude-code' },
  codex: { kind: 'codex' },
};
const SAYS = { opencode: '1.18.33', claude: '2.1.331 (Claude Code)', codex: 'codex-cli 0.169.0' };

let bin: string;
beforeEach(async () => (bin = await mkdtemp(join(tmpdir(), 'continuity-default-agent-'))));
afterEach(() => rm(bin, { recursive: true, force: true }));

async function install(name: keyof typeof SAYS, script = `echo "${SAYS[name]}"`): Promise<void> {
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
}

const found = (config: Partial<Config> = {}) => defaultAgentOf({ agents: AGENTS, ...config }, { PATH: bin, HOME: bin });
const foundBeside = (agents: Partial<Config['agents']>) =>
  found({ agents: { ...AGENTS, ...agents } as Config['agents'] });

test('of several agents OpenCode goes first, then Claude Code, then Codex', async () => {
  await install('codex');
  expect(await foundBeside(NO_OPENCODE)).toEqual({ name: 'codex', because: 'installed' });
  await install('claude');
  expect(await foundBeside(NO_OPENCODE)).toEqual({ name: 'claude-code', because: 'installed' });
  await install('opencode');
  expect(await found()).toEqual({ name: 'opencode', because: 'installed' });
});

test('config goes before what is installed, also where its agent is not', async () => {
  await install('claude');
  expect(await found({ defaultAgent: 'codex' })).toEqual({ name: 'codex', because: 'config' });
});

test('an agent in a version that we refuse is passed over for one that works', async () => {
  await install('claude', 'echo "2.0.1 (Claude Code)"');
  await install('codex');
  expect(await foundBeside(NO_OPENCODE)).toMatchObject({ name: 'codex' });
});

test('where all are refused, the first of them is taken and says itself what to do', async () => {
  await install('claude', 'echo "2.0.1 (Claude Code)"');
  expect(await foundBeside(NO_OPENCODE)).toMatchObject({ name: 'claude-code' });
});

test('a program that is there and does not run is passed over for one that works', async () => {
  await install('claude', 'exit 3');
  await install('codex');
  expect(await foundBeside(NO_OPENCODE)).toMatchObject({ name: 'codex' });
});

test('without any agent the failure names all three with the command that installs each, and one that comes later is found', async () => {
  const failed = await foundBeside(NO_OPENCODE).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    failure: {
      code: 'AGENT_NOT_FOUND',
      message: expect.stringContaining('OpenCode, Claude Code and Codex') as string,
      fix: expect.stringMatching(
        /OpenCode: npm install --global opencode-ai@.*Claude Code: npm install --global @anthropic-ai\/claude-code@.*Codex: npm install --global @openai\/codex@/,
      ) as string,
    },
  });
  await install('claude');
  expect(await foundBeside(NO_OPENCODE)).toMatchObject({ name: 'claude-code' });
});

test('an agent that config names a program for is found there', async () => {
  await install('codex');
  const path = join(bin, 'codex');
  const agents = { ...AGENTS, ...NO_OPENCODE, codex: { kind: 'codex' as const, path } };
  expect(await defaultAgentOf({ agents }, { PATH: '/nowhere', HOME: bin })).toMatchObject({ name: 'codex' });
});
