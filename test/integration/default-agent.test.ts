/**
 * Without `defaultAgent` in config, the agent that is installed opens new sessions: the real stack,
 * and real programs that come while it runs.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findProgram } from '../../src/agents/opencode/program.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import type { TurnResult } from '../../src/contract/types.js';
import { upBench, type Up, type UpBench } from './up-command.js';

const claude = fetchedClaude();
const because = claude ? '' : ' (skipped: Claude Code is not there; run: npm run agents:fetch -- claude-code)';

describe.skipIf(!claude)(`The agent that is installed${because}`, () => {
  let model: ScriptedModel;
  let bench: UpBench;
  let bin: string;
  let up: Up;

  beforeAll(async () => {
    model = await startScriptedModel();
    bench = await upBench('default-agent', (dir) => ({
      ...isolatedClaude(dir, model.url),
      PATH: `${join(dir, 'bin')}:/usr/bin:/bin`,
    }));
    bin = join(bench.dir, 'bin');
    await mkdir(bin);
    // OpenCode is a development dependency here, and found beside us: a path hides it for a while.
    const own = join(bench.dir, 'config', 'continuity');
    await mkdir(own, { recursive: true });
    const agents = { opencode: { path: join(bin, 'opencode') } };
    await writeFile(join(own, 'config.json'), JSON.stringify({ agents }));
    up = await bench.up();
  });
  afterAll(async () => {
    await bench?.dispose();
    await model?.close();
  });

  async function delegate(topic: string, prompt: string): Promise<Partial<TurnResult>> {
    const { stdout, stderr } = await bench.continuity(['delegate', '--json', '--topic', topic, prompt]);
    return JSON.parse(stdout || stderr) as TurnResult;
  }

  test('none is a refusal that names all three, with the command that installs each; one that comes later is found', async () => {
    expect(up.agent).toBeNull();
    const { stdout, stderr, exitCode } = await bench.continuity(['delegate', '--json', '--topic', 'none', 'Hello']);
    const said = stdout || stderr;
    expect(exitCode, said).toBe(5);
    for (const name of ['AGENT_NOT_FOUND', 'opencode-ai@', '@anthropic-ai/claude-code@', '@openai/codex@'])
      expect(said).toContain(name);

    await symlink(claude ?? '', join(bin, 'claude'));
    expect(await delegate('auth', 'Add a login [[say: Added.]]')).toMatchObject({
      status: 'completed',
      reply: 'Added.',
      agent: 'claude-code',
      session: { kind: 'new' },
    });
  });

  test('an agent that goes before it takes new sessions, and leaves those that are open', async () => {
    const { session_id } = await delegate('auth', 'What was asked? [[say: A login.]]');
    await symlink(await findProgram(undefined, process.env), join(bin, 'opencode'));
    expect(await delegate('auth', 'And now?')).toMatchObject({
      agent: 'claude-code',
      session_id,
      session: { kind: 'resumed' },
    });
    expect(await delegate('page', 'Create a page')).toMatchObject({ agent: 'opencode', session: { kind: 'new' } });
    const { stdout } = await bench.continuity(['doctor', '--json']);
    const checks = JSON.parse(stdout) as { check: string; detail: string; agent?: { default: boolean } }[];
    expect(checks.find(({ check }) => check === 'default agent')?.detail).toContain('opencode');
    expect(checks.find(({ check }) => check === 'agent claude-code')).toMatchObject({ agent: { default: false } });
    expect(checks.find(({ check }) => check === 'agents not installed')?.detail).toContain('codex');
  });

  test('the next worker says which it uses', async () => {
    await bench.stopAll();
    up = await bench.up();
    expect(up.agent).toEqual({ name: 'opencode', because: 'installed' });
    await vi.waitFor(() => expect(up.said()).toContain('default agent agent=opencode because=installed'));
  });
});
