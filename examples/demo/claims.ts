/** What the demo claims, looked at from the results, from the agent's own store and from the disk. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knows, same, type Claim } from '../stage/claims.js';
import type { Story, TurnName } from './transcript.js';

export function claimsOf(story: Story, project: string): Claim[] {
  const { prompts, turns, stored, workers } = story;
  const all = Object.values(turns);
  const auth = turns.addLogin.session_id;
  const dashboard = turns.createPage.session_id;
  const knew = (name: TurnName, before: TurnName[]) => knows(turns[name].reply, before.map((earlier) => prompts[earlier]));
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
        knew('limitIt', ['addLogin']) &&
        knew('testIt', ['addLogin', 'limitIt']) &&
        knew('documentIt', ['addLogin', 'limitIt', 'testIt']) &&
        knew('stickyHeader', ['createPage']) &&
        !knew('stickyHeader', ['addLogin']) &&
        !knew('limitIt', ['createPage']),
    },
    { claim: 'the worker was killed in mid-turn, and another one ended the turn', holds: workers.killed !== workers.next && turns.testIt.attempts > 1 && turns.testIt.recovered !== undefined },
    { claim: 'the tests of that turn ran once', holds: runs.length === 1 },
    { claim: 'the prompt that was queued behind it was answered after it', holds: turns.documentIt.turn === turns.testIt.turn + 1 },
    { claim: 'every prompt is in the agent’s own store exactly once', holds: same(stored, Object.values(prompts)) },
  ];
}
