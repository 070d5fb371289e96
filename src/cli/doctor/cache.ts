/**
 * Checks whether follow-ups within minutes find their conversation in the provider's cache. If not, the
 * agent has changed the beginning of its requests.
 */
import type { Client } from '@temporalio/client';
import { coldSessionsIn, type ColdSession } from '../../client/cold-turns.js';
import { listTopics, type TopicSummary } from '../../client/list-topics.js';
import { viewsOf } from '../../client/views-of.js';
import { workflowIdOf } from '../../contract/ids.js';
import { view } from '../../contract/messages.js';
import type { TopicView } from '../../contract/views.js';
import { fine, type Finding } from './check.js';

const CHECK = 'prompt cache';
const BOUNDS = { most: 20, withinMs: 3_000 };
/** With fewer turns there are no two follow-ups. */
const LEAST_TURNS = 3;
const MOST_NAMED = 3;

/** Known causes, by the kind of agent. Measured with the versions that are named. */
const BREAKS: Partial<Record<string, string>> = {
  opencode:
    'OpenCode has the date and AGENTS.md in its instructions (1.18.33). The first turn of a session after midnight, or after a change of that file, sends the whole conversation to the model as new.',
};

/** Only asks topics where a worker can answer for them. */
export async function checkCache(client: Client, versions: Promise<Versions>): Promise<Finding[]> {
  const topics: TopicSummary[] = [];
  for await (const one of listTopics(client)) {
    if (one.turns >= LEAST_TURNS) topics.push(one);
    if (topics.length === BOUNDS.most) break;
  }
  const asked = { view: (topic: string) => client.workflow.getHandle(workflowIdOf(topic as never)).query(view) };
  const views = [...(await viewsOf(asked, topics, BOUNDS)).values()];
  return findingsOf(views, await versions);
}

/** Of the agents, by their names. */
export type Versions = Readonly<Record<string, string>>;

export function findingsOf(views: readonly TopicView[], versions: Versions): Finding[] {
  if (views.length === 0) return [];
  const cold = coldSessionsIn(views);
  const kinds = new Set(views.flatMap(({ sessions }) => sessions.map(({ pinned }) => pinned.kind ?? '')));
  const known = [...kinds].flatMap((kind) => BREAKS[kind] ?? []);
  const looked = `${views.length} ${views.length === 1 ? 'topic' : 'topics'} looked at`;
  if (cold.length === 0) return [fine(CHECK, `no session misses it, ${looked}`, known.join(' ') || undefined)];
  return cold
    .slice(0, MOST_NAMED)
    .map((one) => fine(CHECK, `session ${one.session} of topic ${one.topic} misses it`, noteOn(one, versions)));
}

function noteOn({ topic, agent, kind, model, turns, input, share }: ColdSession, versions: Versions): string {
  const version = versions[agent];
  const who = [agent, version, model && `with ${model}`].filter(Boolean).join(' ');
  const which = `turns ${turns.join(', ')} of topic ${topic} (${who})`;
  const percent = Math.round(100 * share);
  return [
    `${which} came within minutes of the turn before, and read ${percent} % of their ${input.toLocaleString('en')} tokens from the provider's cache. Something that the agent sends before the conversation is different at each turn.`,
    ...(kind !== undefined && BREAKS[kind] !== undefined ? [BREAKS[kind]] : []),
    `Look for what changes by itself in the agent's own set-up: plug-ins and hooks that add a date or an id to the instructions, MCP servers whose tools come in another order, instruction files that a tool writes.`,
  ].join(' ');
}
