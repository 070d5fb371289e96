/**
 * The demo's claims. They are checked in the results, in the requests to the model, in the agent's
 * own store and on the disk.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { same, type Claim } from '../stage/claims.js';
import type { Story, TurnName } from './transcript.js';

export function claimsOf(story: Story, project: string): Claim[] {
  const { prompts, turns, stored, heard, workers } = story;
  const all = Object.values(turns);
  const auth = turns.addLogin.session_id;
  const dashboard = turns.createPage.session_id;
  /** Whether every request with this prompt had exactly these prompts before it. */
  const sentAfter = (name: TurnName, before: TurnName[]) => {
    const asked = heard.filter((asks) => asks.at(-1) === prompts[name]);
    const whole = [...before, name].map((each) => prompts[each]);
    return asked.length > 0 && asked.every((asks) => JSON.stringify(asks) === JSON.stringify(whole));
  };
  const runs = readFileSync(join(project, 'test-runs.txt'), 'utf8').trim().split('\n');

  return [
    { claim: 'all six turns were completed', holds: all.every(({ status }) => status === 'completed') },
    { claim: 'each topic has a session of its own', holds: auth !== null && dashboard !== null && auth !== dashboard },
    {
      claim: 'every follow-up went on in the session of its topic',
      holds:
        [turns.limitIt, turns.testIt, turns.documentIt].every(
          ({ session_id, session }) => session_id === auth && session.kind === 'resumed',
        ) &&
        turns.stickyHeader.session_id === dashboard &&
        turns.stickyHeader.session.kind === 'resumed',
    },
    {
      claim: 'the model was sent what came before, and nothing of the other topic',
      holds:
        sentAfter('addLogin', []) &&
        sentAfter('limitIt', ['addLogin']) &&
        sentAfter('testIt', ['addLogin', 'limitIt']) &&
        sentAfter('documentIt', ['addLogin', 'limitIt', 'testIt']) &&
        sentAfter('createPage', []) &&
        sentAfter('stickyHeader', ['createPage']),
    },
    {
      claim: 'what “it” means was known: the replies name the files of their own topic',
      holds:
        [turns.limitIt, turns.testIt, turns.documentIt].every(({ reply }) => reply.includes('login.js')) &&
        turns.stickyHeader.reply.includes('dashboard.html'),
    },
    {
      claim: 'the worker was killed in mid-turn, and another one ended the turn',
      holds: workers.killed !== workers.next && turns.testIt.attempts > 1 && turns.testIt.recovered !== undefined,
    },
    { claim: 'the tests of that turn ran once', holds: runs.length === 1 },
    {
      claim: 'the prompt that was queued behind it was answered after it',
      holds: turns.documentIt.turn === turns.testIt.turn + 1,
    },
    { claim: 'every prompt is in the agent’s own store exactly once', holds: same(stored, Object.values(prompts)) },
  ];
}
