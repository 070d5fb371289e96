/** What the tests of killed copies look at: the stores of the real agents. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { rolloutOf } from '../../src/agents/codex/rollout-files.js';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { openCodeUnderTest } from './opencode-under-test.js';

export interface Forking extends AgentUnderTest {
  /** Of a process that copies, as `support/forker.ts` takes them: agent, folder and program. */
  forker: string[];
  env: Record<string, string>;
  /** All that the store has of the session. */
  stored(session: SessionRef): Promise<string>;
  /** In how many sessions of the store the text is. */
  holdersOf(text: string): Promise<number>;
}

export const FORKING: Record<string, { make: () => Promise<Forking>; isThere: boolean }> = {
  OpenCode: { make: openCode, isThere: true },
  'Claude Code': { make: claude, isThere: fetchedClaude() !== undefined },
  Codex: { make: codex, isThere: codexProgram() !== undefined },
};

async function openCode(): Promise<Forking> {
  const under = await openCodeUnderTest();
  const messagesOf = async (sessionID: string) =>
    JSON.stringify((await (await under.client()).session.messages({ sessionID }, { throwOnError: true })).data);
  return {
    ...under,
    forker: ['opencode', under.dataDir, ''],
    stored: ({ session_id }) => messagesOf(session_id),
    async holdersOf(text) {
      const list = await (await under.client()).session.list({ directory: under.cwd }, { throwOnError: true });
      const all = await Promise.all(list.data.map(({ id }) => messagesOf(id)));
      return all.filter((messages) => messages.includes(text)).length;
    },
  };
}

async function claude(): Promise<Forking> {
  const under = await claudeUnderTest();
  const { store } = under.home;
  return {
    ...under,
    forker: ['claude-code', join(under.dir, 'continuity', 'agents', 'claude-code'), under.program],
    stored: async (session) => readFile(await sessionFileOf(store, session), 'utf8'),
    holdersOf: (text) => filesWith(store, text),
  };
}

async function codex(): Promise<Forking> {
  const under = await codexUnderTest();
  const store = under.env['CODEX_HOME'] ?? '';
  return {
    ...under,
    forker: ['codex', join(under.dataDir, 'agents', 'codex'), codexProgram() ?? 'codex'],
    stored: async ({ session_id }) => readFile((await rolloutOf(store, session_id)) ?? '', 'utf8'),
    holdersOf: (text) => filesWith(join(store, 'sessions'), text),
  };
}

async function filesWith(folder: string, text: string): Promise<number> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.jsonl'));
  const all = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return all.filter((content) => content.includes(text)).length;
}

export async function openIn(agent: Agent, { cwd, model }: AgentUnderTest, seed: string): Promise<SessionRef> {
  const opened = await agent.open({ seed, title: 'The original', cwd, model }, new AbortController().signal);
  return { ...opened, model, cwd };
}
