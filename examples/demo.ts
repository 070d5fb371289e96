/**
 * `npm run demo` shows what session continuity is. It needs an empty machine, no key and no
 * account. `npm run demo -- --agent claude-code` (or `codex`) plays it with another agent.
 *
 * Everything is real except the model behind the agent. That is a script (`stage/engineer.ts`),
 * which answers from the conversation that it is sent. So it can speak of earlier work only when
 * the agent's session holds that work.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { delegate_task, SessionManager, type Progress } from '../src/index.js';
import { claimsOf } from './demo/claims.js';
import { transcriptOf, type Story } from './demo/transcript.js';
import { promptsInSession } from './stage/agent-session.js';
import { perform } from './stage/perform.js';
import { say, until } from './stage/say.js';
import type { Stage } from './stage/stage.js';

const PROMPTS = {
  addLogin: 'Add a login endpoint',
  limitIt: 'Fix: add rate limiting to it',
  testIt: 'Now run its tests',
  documentIt: 'Document what you have done',
  createPage: 'Create the dashboard page',
  stickyHeader: 'Make its header sticky',
};

async function playOn(stage: Stage, signal: AbortSignal): Promise<Story> {
  await using manager = await SessionManager.connect();
  const delegate = (topic: string, prompt: string) => {
    say(`${topic} ← ${prompt}`);
    return manager.delegate(topic, prompt, { signal, onProgress: sayNews(topic) });
  };

  // Two topics at once. Each has its own session.
  const [addLogin, createPage] = await Promise.all([
    delegate('auth-feature', PROMPTS.addLogin),
    delegate('dashboard', PROMPTS.createPage),
  ]);

  // Follow-ups, by topic and by session id alone. "It" and "its" mean something only with the
  // context.
  const limitIt = await delegate('auth-feature', PROMPTS.limitIt);
  say(`dashboard ← ${PROMPTS.stickyHeader}`);
  const stickyHeader = await delegate_task({
    session_id: createPage.session_id ?? '',
    prompt: PROMPTS.stickyHeader,
    signal,
  });

  // A turn runs a tool, a prompt waits behind it, and the worker is killed with SIGKILL.
  const testing = delegate('auth-feature', PROMPTS.testIt);
  const killed = await Promise.race([
    testing.then(() => Promise.reject(new Error('The turn ended before its worker could be killed.'))),
    killInMidTurn(stage, manager, signal),
  ]);
  const testIt = await testing;
  const documentIt = await manager.wait('auth-feature', killed.queued, { signal });

  const turns = { addLogin, limitIt, testIt, documentIt, createPage, stickyHeader };
  say('Reading the two sessions from the agent’s own store.');
  const stored = await Promise.all(
    [addLogin, createPage].map((turn) => promptsInSession(stage, turn.session_id ?? '')),
  );
  const workers = { killed: killed.pid, next: await stage.workerPid() };
  return { prompts: PROMPTS, turns, stored: stored.flat(), heard: await stage.heard(), workers, uiUrl: stage.uiUrl };
}

async function killInMidTurn(
  stage: Stage,
  manager: SessionManager,
  signal: AbortSignal,
): Promise<{ pid: number; queued: string }> {
  await until(() => existsSync(join(stage.project, 'test-runs.txt')), signal);
  say(`auth-feature ← ${PROMPTS.documentIt} (queued behind the tests)`);
  const { prompt_id } = await manager.submit('auth-feature', PROMPTS.documentIt);
  const pid = await stage.workerPid();
  say(`The agent runs the tests. kill -9 ${pid}: the worker is gone.`);
  process.kill(pid, 'SIGKILL');
  return { pid, queued: prompt_id };
}

/** Says what the turn does, whenever it changes. */
function sayNews(topic: string): (progress: Progress) => void {
  let last = '';
  return ({ attempt, step }) => {
    const news = `${topic}: ${excerptOf(step ?? 'the agent starts')}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
    if (news !== last) say(news);
    last = news;
  };
}

const excerptOf = (step: string) => (step.length > 60 ? `${step.slice(0, 59)}…` : step);

const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, agent: { type: 'string' } },
});
await perform(
  async (stage, signal) => {
    const story = await playOn(stage, signal);
    process.stdout.write(transcriptOf(story, flags.keep));
    return claimsOf(story, stage.project);
  },
  { keep: flags.keep, model: 'examples/stage/engineer-model.ts' },
);
