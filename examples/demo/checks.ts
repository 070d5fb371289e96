/** What the demo claims, looked at from the results, from the agent's own store and from the disk. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesOf } from '../../test/support/processes.js';
import { wordsOf, type Check, type Story, type TurnName } from './transcript.js';

export function checksOf(story: Story, project: string): Check[] {
  const { prompts, turns, stored, workers } = story;
  const all = Object.values(turns);
  const auth = turns.addLogin.session_id;
  const dashboard = turns.createPage.session_id;
  /** The scripted model names the prompts that it was sent: that the conversation came along can be read from its reply. */
  const knows = (name: TurnName, before: TurnName[]) => before.every((earlier) => turns[name].reply.includes(`"${wordsOf(prompts[earlier])}"`));
  const runs = readFileSync(join(project, 'test-runs.txt'), 'utf8').trim().split('\n');

  return [
    { claim: 'all six turns were completed', holds: all.every(({ status }) => status === 'completed') },
    { claim: 'each topic has a session of its own', holds: auth !== null && dashboard !== null && auth !== dashboard },
    {
      claim: 'every follow-up went on in the session of its topic',
      holds:
        [turns.limitIt, turns.testIt, turns.documentIt].every(({ session_id, session }) => session_id === auth && session.kind === 'resumed') &&
        turns.stickyHeader.session_id === dashboard &&
        turns.stickyHeader.session.kind === 'resumed',
    },
    {
      claim: 'the model was sent what came before, and nothing of the other topic',
      holds:
        knows('limitIt', ['addLogin']) &&
        knows('testIt', ['addLogin', 'limitIt']) &&
        knows('documentIt', ['addLogin', 'limitIt', 'testIt']) &&
        knows('stickyHeader', ['createPage']) &&
        !knows('stickyHeader', ['addLogin']) &&
        !knows('limitIt', ['createPage']),
    },
    { claim: 'the worker was killed in mid-turn, and another one ended the turn', holds: workers.killed !== workers.next && turns.testIt.attempts > 1 && turns.testIt.recovered !== undefined },
    { claim: 'the tests of that turn ran once', holds: runs.length === 1 },
    { claim: 'the prompt that was queued behind it was answered after it', holds: turns.documentIt.turn === turns.testIt.turn + 1 },
    { claim: 'every prompt is in the agent’s own store exactly once', holds: same(stored, Object.values(prompts)) },
  ];
}

/** After the clean-up. Other systems than Linux don't tell whose child a process was. */
export function leftovers(dir: string): Check[] {
  if (dir === '') return []; // It came to nothing before there was anything.
  const files: Check = { claim: 'no file is left', holds: !existsSync(dir) };
  return process.platform === 'linux' ? [{ claim: 'no process is left', holds: processesOf(dir).length === 0 }, files] : [files];
}

function same(some: string[], others: string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
}
