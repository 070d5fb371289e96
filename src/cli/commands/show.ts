import type { SessionView, TopicView, TurnResult } from '../../contract/types.js';
import { command } from '../command.js';
import { connected } from '../connect.js';
import type { Output } from '../output.js';
import { count, duration, oneLine, quoted } from '../words.js';

export default command({
  name: 'show',
  summary: 'Shows a topic: its sessions, what is running and queued, and how the last turns ended.',
  flags: {},
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity show auth', 'for people'],
    ['continuity show auth --json | jq -r .session_id', 'the session that the next prompt goes to'],
  ],
  async run({ flags, args, output }) {
    const view = await connected(flags, ({ manager }) => manager.view(args.topic));
    output.answer(view, textOf(view, output));
  },
});

export function textOf(view: TopicView, output: Output): string {
  const { topic, state, closing, running, queue, outcomes, refused, sessions } = view;
  const title = (text: string) => output.styled('bold', text);
  const section = (name: string, lines: string[]) => (lines.length === 0 ? [] : ['', title(name), ...lines.map((line) => `  ${line}`)]);
  return [
    `${title(topic)}  ${state}${closing ? ', closing' : ''} · ${count(view.turns, 'turn')}${view.project ? ` · ${view.project}` : ''}`,
    ...section('Sessions', sessions.map(sessionLine)),
    ...section('Running', running ? [`${running.prompt_id}  ${oneLine(running.prompt)}${running.waiting_for_host ? ` (waits for host ${running.waiting_for_host})` : ''}`] : []),
    ...section('Queue', queue.map(({ prompt_id, prompt }) => `${prompt_id}  ${oneLine(prompt)}`)),
    ...section('Last outcomes', outcomes.slice(-5).map(outcomeLine)),
    ...section('Refused', refused.map(({ error, at }) => `${at}  ${error.code}: ${oneLine(error.message, 120)}`)),
    ...section('Go on', [`continuity delegate --topic ${quoted(topic)} "…"`]),
  ].join('\n');
}

function sessionLine({ session_id, pinned, turns, current, lost }: SessionView): string {
  const said = [lost, pinned.agent, pinned.model, pinned.category, count(turns, 'turn'), pinned.cwd].filter(Boolean).join(' · ');
  return `${current ? '→' : ' '} ${session_id}  ${said}`;
}

function outcomeLine({ turn, status, error, prompt_id, reply, duration_ms, recovered, session }: TurnResult): string {
  const instead = session.replaces && `${session.reason} ${session.replaces} replaced`;
  const how = [error ? `${status} ${error.code}` : status, instead, recovered, duration(duration_ms)].filter(Boolean).join(', ');
  return `turn ${turn}  ${prompt_id}  ${how}: ${oneLine(error?.message ?? reply)}`;
}
