/** The whole stack with the real Claude Code and the real Codex: what a person began is taken over. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentSession } from '../../src/contract/agent-session.js';
import type { TurnResult } from '../../src/contract/types.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { upBench, type UpBench } from './up-command.js';

const programs = { 'claude-code': fetchedClaude(), codex: codexProgram() };
type Name = keyof typeof programs;

/** As a person types it. */
const BEGIN: Record<Name, string[]> = {
  'claude-code': ['-p', '--model', 'scripted'],
  codex: ['exec', '--skip-git-repo-check'],
};

let dir: string;
let model: ScriptedModel;
let bench: UpBench;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-adopting-')));
  model = await startScriptedModel();
  const folders = Object.values(programs).flatMap((program) => (program ? join(program, '..') : []));
  bench = await upBench('adopting', {
    ...isolatedClaude(dir, model.url),
    ...(await isolatedCodex(dir, model.url)),
    HOME: dir,
    PATH: [...folders, process.env['PATH'] ?? ''].join(':'),
  });
  await bench.up();
});
afterAll(async () => {
  await bench?.dispose();
  await model?.close();
  expect(processesOf(dir)).toEqual([]);
  await rm(dir, { recursive: true, force: true });
});

const cwd = () => join(bench.dir, 'work');

async function asked<T>(...words: string[]): Promise<T> {
  const { stdout, stderr } = await bench.continuity(words);
  return JSON.parse(stdout || stderr) as T;
}

async function begin(name: Name, prompt: string): Promise<AgentSession> {
  const env = { ...isolatedClaude(dir, model.url), ...(await isolatedCodex(dir, model.url)), HOME: dir };
  await execa(programs[name] ?? name, [...BEGIN[name], prompt], { cwd: cwd(), env, stdin: 'ignore' });
  const sessions = await asked<AgentSession[]>('sessions', '--agent', name, '--json');
  const begun = sessions.find(({ first_prompt }) => first_prompt === prompt);
  expect(begun).toMatchObject({ agent: name, cwd: cwd(), model: 'scripted' });
  expect(begun).not.toHaveProperty('topic');
  return begun as AgentSession;
}

for (const name of Object.keys(programs) as Name[])
  describe.runIf(programs[name])(`A session begun in ${name} itself (skipped where it was not fetched)`, () => {
    test('is refused without --adopt, taken over with it, and knows what was said before', async () => {
      const { session_id } = await begin(name, `Add a login endpoint with ${name}`);
      const delegate = (...words: string[]) => asked<TurnResult>('delegate', '--json', ...words);

      expect(await delegate('--session', session_id, 'Now add tests')).toMatchObject({
        error: { code: 'SESSION_UNKNOWN', fix: expect.stringContaining(`--session ${session_id} --adopt`) as string },
      });
      expect(await delegate('--topic', name, '--session', session_id, '--adopt', 'Now add tests')).toMatchObject({
        status: 'completed',
        session_id,
        session: { kind: 'resumed', reason: 'adopted' },
        agent: name,
        model: 'scripted',
        reply: `You asked before: "Add a login endpoint with ${name}". Now: "Now add tests".`,
      });
      expect(await delegate('--topic', name, 'And docs')).toMatchObject({
        session_id,
        session: { kind: 'resumed' },
        reply: `You asked before: "Add a login endpoint with ${name}", "Now add tests". Now: "And docs".`,
      });

      const { stdout: transcript } = await bench.continuity(['transcript', name]);
      expect(transcript.match(/^Add a login endpoint|^Now add tests|^And docs/gm)).toHaveLength(3);
      const listed = await asked<AgentSession[]>('sessions', '--json');
      expect(listed.find((session) => session.session_id === session_id)).toMatchObject({ topic: name });
      expect(await delegate('--topic', 'another', '--session', session_id, '--adopt', 'Mine')).toMatchObject({
        error: { code: 'SESSION_PINNED', message: expect.stringContaining(`topic ${name}`) as string },
      });
    });
  });
