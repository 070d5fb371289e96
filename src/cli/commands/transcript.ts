import type { TranscriptMessage } from '../../contract/agent-answers.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { namedSession } from '../named-session.js';
import type { Output } from '../terminal/output.js';
import { oneLine } from '../terminal/words.js';

export default command({
  name: 'transcript',
  summary: "Prints the whole conversation of a session. Reads the agent's own store on this host.",
  flags: {},
  args: [{ name: 'topic|session', required: true }],
  examples: [
    ['continuity transcript auth | less', "the topic's current session"],
    ['continuity transcript ses_… --json', 'with the inputs and outputs of the tools'],
  ],
  async run({ flags, args, output }) {
    const { session, dataDir } = await connected(flags, async ({ manager, config }) => ({
      session: await namedSession(manager, args['topic|session']),
      dataDir: config.dataDir,
    }));
    const { askAgents } = await import('../../stack/ask-agents.js');
    const messages = await askAgents('transcript', dataDir, session);
    const { agent } = session.pinned;
    output.answer({ session_id: session.session_id, agent, messages }, textOf(messages, agent, output));
  },
});

export function textOf(messages: readonly TranscriptMessage[], agent: string, output: Output): string {
  return messages
    .map(({ role, at, model, error, parts }) => {
      const head =
        output.styled('bold', role === 'user' ? 'you' : agent) +
        output.styled('dim', `  ${at.slice(0, 19).replace('T', ' ')} UTC${model ? `  ${model}` : ''}`);
      const said = parts.map((part) =>
        part.type === 'text' ? part.text.trim() : output.styled('dim', toolLine(part)),
      );
      return [head, ...said.filter(Boolean), ...(error === undefined ? [] : [output.styled('red', error)])].join('\n');
    })
    .join('\n\n');
}

function toolLine({
  tool,
  status,
  input,
  output,
}: Extract<TranscriptMessage['parts'][number], { type: 'tool' }>): string {
  const given =
    typeof input === 'object' && input !== null && 'command' in input ? String(input.command) : JSON.stringify(input);
  const came = output?.trim() ? ` → ${oneLine(output, 120)}` : '';
  return `· ${tool} ${oneLine(given, 120)} (${status})${came}`;
}
