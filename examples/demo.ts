/**
 * `npm run demo`: what session continuity is, on an empty machine, with no key and no account.
 *
 * Everything is real but the model behind the agent: that is a script, which answers from the conversation that it is
 * sent, and so can only speak of what came before if the agent's session really holds it. What stands in [[ ]] tells
 * the script which tool to call; a model decides that by itself.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { delegate_task, SessionManager, type Progress } from '../src/index.js';
import { claimsOf } from './demo/claims.js';
import { transcriptOf, type Story } from './demo/transcript.js';
import { promptsInSession } from './stage/agent-session.js';
import { wordsOf } from './stage/claims.js';
import { perform } from './stage/perform.js';
import { say, until } from './stage/say.js';
import type { Stage } from './stage/stage.js';

const PROMPTS = {
  addLogin: 'Add a login endpoint [[bash: echo "export const login = () => {};" > login.js]]',
  limitIt: 'Fix: add rate limiting to it',
  testIt: 'Now run its tests [[bash: echo began >> test-runs.txt; sleep 12; echo 4 tests passed]]',
  documentIt: 'Document what you have done',
  createPage: 'Create the dashboard page [[bash: echo "<h1>Dashboard</h1>" > dashboard.html]]',
  stickyHeader: 'Make its header sticky',
};

async function playOn(stage: Stage, signal: AbortSignal): Promise<Story> {
  await using manager = await SessionManager.connect();
  const delegate = (topic: string, prompt: string) => {
    say(`${topic} ← ${wordsOf(prompt)}`);
    return manager.delegate(topic, prompt, { signal, onProgress: sayNews(topic) });
  };

  // Two topics at once: each has a session of its own.
  const [addLogin, createPage] = await Promise.all([delegate('auth-feature', PROMPTS.addLogin), delegate('dashboard', PROMPTS.createPage)]);

  // Follow-ups: by topic, or by nothing but the session id. "It" and "its" mean something only with the context.
  const limitIt = await delegate('auth-feature', PROMPTS.limitIt);
  say(`dashboard ← ${wordsOf(PROMPTS.stickyHeader)}`);
  const stickyHeader = await delegate_task({ session_id: createPage.session_id ?? '', prompt: PROMPTS.stickyHeader, signal });

  // One turn at work in a tool, one prompt behind it, and the worker is killed as hard as it can be.
  const testing = delegate('auth-feature', PROMPTS.testIt);
  const killed = await Promise.race([
    testing.then(() => Promise.reject(new Error('The turn ended before its worker could be killed.'))),
    killInMidTurn(stage, manager, signal),
  ]);
  const testIt = await testing;
  const documentIt = await manager.wait('auth-feature', killed.queued, { signal });

  const turns = { addLogin, limitIt, testIt, documentIt, createPage, stickyHeader };
  say('Reading the two sessions from the agent’s own store.');
  const stored = await Promise.all([addLogin, createPage].map((turn) => promptsInSession(stage, turn.session_id ?? '')));
  return { prompts: PROMPTS, turns, stored: stored.flat(), workers: { killed: killed.pid, next: await stage.workerPid() }, uiUrl: stage.uiUrl };
}

async function killInMidTurn(stage: Stage, manager: SessionManager, signal: AbortSignal): Promise<{ pid: number; queued: string }> {
  await until(() => existsSync(join(stage.project, 'test-runs.txt')), signal);
  say(`auth-feature ← ${wordsOf(PROMPTS.documentIt)} (queued behind the tests)`);
  const { prompt_id } = await manager.submit('auth-feature', PROMPTS.documentIt);
  const pid = await stage.workerPid();
  say(`The agent runs the tests. kill -9 ${pid}: the worker is gone.`);
  process.kill(pid, 'SIGKILL');
  return { pid, queued: prompt_id };
}

/** What the turn does, whenever that changes. */
function sayNews(topic: string): (progress: Progress) => void {
  let last = '';
  return ({ attempt, step }) => {
    const news = `${topic}: ${step ?? 'the agent starts'}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
    if (news !== last) say(news);
    last = news;
  };
}

const { values: flags } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
await perform(
  async (stage, signal) => {
    const story = await playOn(stage, signal);
    process.stdout.write(transcriptOf(story, flags.keep));
    return claimsOf(story, stage.project);
  },
  { keep: flags.keep },
);
