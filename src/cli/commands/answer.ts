import { SessionError } from '../../client/session-error.js';
import type { AnswerRequest, Decision } from '../../contract/asks.js';
import { failure } from '../../contract/failures.js';
import { command } from '../args/command.js';
import { UsageError } from '../args/usage-error.js';
import { connected } from '../connect.js';
import { quoted } from '../terminal/words.js';

const SAID: Record<Decision, string> = {
  allow: 'is allowed once. Its turn goes on',
  always: 'is allowed, and the same again in its session. Its turn goes on',
  deny: 'is denied. Its turn goes on',
  reply: 'is answered. Its turn goes on',
};
const SAID_OF_BUDGET: Record<Decision, string> = {
  allow: 'is allowed: it may use as much again. Its turn goes on',
  always: 'is allowed, without a limit. Its turn goes on',
  deny: 'is denied. Its turn ends',
  reply: 'is allowed, up to the new limit. Its turn goes on',
};
const SAID_OF_COLD: Record<Decision, string> = {
  allow: 'is allowed. Its prompt goes on',
  always: 'is allowed. Its prompt goes on',
  deny: 'is denied. Its prompt ends, and nothing was put in',
  reply: 'is answered',
};

export default command({
  name: 'answer',
  summary:
    'Answers what the running turn of a topic asks: a permission, a question of its agent, or whether it may go on\nbeyond a budget. The turn goes on.\nPrints what was decided. What is asked: continuity show T, or continuity list --waiting.',
  flags: {
    allow: { kind: 'switch', help: 'Allow what the agent asks for, this once. To a budget: as much again.' },
    always: {
      kind: 'switch',
      help: 'Allow it, and the same again in this session. Not every agent takes it. To a budget: no limit any more.',
    },
    deny: {
      kind: 'switch',
      help: 'Do not allow it. The agent reads the text, and goes on without. To a budget: the turn ends.',
    },
    ask: {
      kind: 'text',
      value: 'ID',
      help: 'Answer only this ask. Refused when another one is open. For scripts: show --json names it (ask_id).',
    },
  },
  args: [
    { name: 'topic', required: true },
    { name: 'text', required: false },
  ],
  examples: [
    ['continuity answer auth --allow', 'a permission, this once'],
    ['continuity answer auth --always', 'a permission, for the rest of the session'],
    ['continuity answer auth --deny "use trash instead of rm"', 'the agent reads why, and goes on'],
    ['continuity answer auth "the second one"', 'a question of the agent'],
    ['continuity answer auth 10', 'the new limit of a budget that is used up, in its own unit'],
    ['continuity answer auth compact', 'a cold session: the agent compacts it, and goes on'],
    ['continuity answer auth replace', 'a cold session: go on in a new one, with a brief'],
    ['continuity answer auth --deny "decide yourself"', 'a question that you do not answer'],
    [
      'continuity show auth --json | jq -r .running.waiting.ask.ask_id',
      'the id for --ask, so that a script never answers another ask',
    ],
  ],
  async run({ flags, args, output }) {
    const { topic } = args;
    const request = requestOf(flags, args.text);
    const taken = await connected(flags, ({ manager }) =>
      manager.answer(topic, request).catch((error: unknown) => {
        throw withFix(error, request, topic);
      }),
    );
    const said = taken.kind === 'budget' ? SAID_OF_BUDGET : taken.kind === 'cold' ? SAID_OF_COLD : SAID;
    const chosen = taken.kind === 'cold' && taken.decision === 'reply' ? `: ${args.text}` : '';
    output.answer({ topic, ...taken }, `What topic ${topic} asked ${said[taken.decision]}${chosen}.`);
    if (!output.json) output.note(`Follow it: continuity watch ${quoted(topic)}`);
  },
});

interface Said {
  allow?: boolean;
  always?: boolean;
  deny?: boolean;
  ask?: string;
}

/** @throws UsageError */
export function requestOf({ allow, always, deny, ask }: Said, text?: string): AnswerRequest {
  const said = [allow && 'allow', always && 'always', deny && 'deny'].filter(Boolean) as Decision[];
  const help = 'See: continuity answer --help';
  if (said.length > 1)
    throw new UsageError(`${said.map((one) => `--${one}`).join(' and ')} exclude each other: say one of them.`, help);
  const [decision] = said;
  if (decision === undefined && (text === undefined || text.trim() === ''))
    throw new UsageError(
      'continuity answer needs a decision: --allow, --always or --deny for a permission, or a text that replies to a question.',
      help,
    );
  if (text !== undefined && (decision === 'allow' || decision === 'always'))
    throw new UsageError(
      `--${decision} takes no text, because the agent would not read it; got ${JSON.stringify(text)}.`,
      'A text replies to a question, or tells the agent why with --deny.',
    );
  return {
    decision: decision ?? 'reply',
    ...(text !== undefined && { text }),
    ...(ask !== undefined && { ask_id: ask }),
  };
}

/** The topic knows what it asks, and not which words the person typed. */
function withFix(error: unknown, { decision }: AnswerRequest, topic: string): unknown {
  if (!(error instanceof SessionError) || error.code !== 'INVALID_ANSWER') return error;
  const name = quoted(topic);
  const fix =
    decision === 'reply'
      ? `A text alone replies to a question, or is the new limit of a budget. For a permission: continuity answer ${name} --allow, or --deny "why".`
      : `See what is asked: continuity show ${name}. A question takes a text: continuity answer ${name} "…".`;
  return new SessionError(failure('INVALID_ANSWER', error.message, fix), {
    ...(error.topic && { topic: error.topic }),
    cause: error,
  });
}
