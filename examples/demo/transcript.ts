/** Prints the story as text. */
import type { TurnResult } from '../../src/index.js';
import { styled } from '../stage/say.js';

export interface Story {
  /** The prompts by name, as they were sent. */
  prompts: Record<TurnName, string>;
  turns: Record<TurnName, TurnResult>;
  /** All prompts of the two sessions in the agent's own store. */
  stored: string[];
  /** The prompts of each conversation that the model received. */
  heard: string[][];
  /** Process ids. */
  workers: { killed: number; next: number };
  uiUrl: string;
}

export type TurnName = 'addLogin' | 'limitIt' | 'testIt' | 'documentIt' | 'createPage' | 'stickyHeader';

const TOPICS: Record<string, TurnName[]> = {
  'auth-feature': ['addLogin', 'limitIt', 'testIt', 'documentIt'],
  dashboard: ['createPage', 'stickyHeader'],
};

export function transcriptOf(story: Story, kept: boolean): string {
  const topics = Object.entries(TOPICS).map(([topic, names]) => {
    const turns = names.map((name) => turnOf(story, name));
    return [`${styled('bold', topic)}  (session ${story.turns[names[0] ?? 'addLogin'].session_id})`, ...turns].join(
      '\n',
    );
  });
  const ui = `Web UI  ${story.uiUrl}${kept ? '' : '  (npm run demo -- --keep leaves it running)'}`;
  return `\n${[...topics, ui].join('\n\n')}\n\n`;
}

function turnOf({ prompts, turns, workers }: Story, name: TurnName): string {
  const { turn, session, reply, duration_ms, attempts, recovered } = turns[name];
  const facts = [`turn ${turn}`, session.kind, `${(duration_ms / 1000).toFixed(1)} s`];
  if (recovered)
    facts.push(`worker ${workers.killed} killed, worker ${workers.next} went on`, `attempt ${attempts}`, recovered);
  return `  ${styled('cyan', 'you')}    ${prompts[name]}\n  ${styled('magenta', 'agent')}  ${reply}\n         ${styled('gray', facts.join(' · '))}`;
}
