/**
 * What a session is told, in front of a prompt, of the work that other sessions did: its agent knows
 * nothing of it. From the durable record; what files changed comes from their host. Pure.
 */
import type { TopicId } from '../contract/ids.js';
import { BRIEF_BEGINS, BRIEF_ENDS } from '../contract/brief-text.js';
import type { ForkOrigin, ToldTurn } from '../contract/fork.js';
import { MAX_BRIEF_BYTES } from '../contract/limits.js';
import type { BriefDue } from '../contract/state.js';
import type { Loss, TurnResult } from '../contract/types.js';
import { cutToBytes, titleOf, utf8Length } from '../contract/text.js';

/** Of each turn. */
const MAX_REPLY_BYTES = 400;
const MAX_LAST_REPLY_BYTES = 1024;
/** Room for the words between the parts. */
const BETWEEN_BYTES = 300;
const MAX_NAME_LENGTH = 60;

interface Brief {
  topic: TopicId;
  due: BriefDue;
  /** That worked before. */
  agent: string;
  /** Whether the session has worked on the topic before. */
  returns: boolean;
  /** The turns that the session was not there for, oldest first. */
  turns: TurnResult[];
  /** The files that changed meanwhile, one a line. */
  stat?: string | undefined;
}

/**
 * Ends where the prompt begins; at most 4 KiB. The files and the last reply come first to their
 * part, then the newest turns.
 */
export function briefOf(brief: Brief): string {
  const { turns, stat, due } = brief;
  const lines = due.reason === 'corrupted' ? turns.map(withoutPoison) : turns;
  return withParts({ head: headOf(brief), foot: footOf(brief), turns, lines, stat });
}

interface Parts {
  head: string;
  foot: string;
  turns: readonly ToldTurn[];
  /** The same, as each is shown in its line. */
  lines: readonly ToldTurn[];
  stat: string | undefined;
}

function withParts({ head, foot, turns, lines: shown, stat }: Parts): string {
  let left = MAX_BRIEF_BYTES - utf8Length(head + foot) - BETWEEN_BYTES;
  const take = (text: string) => {
    const bytes = utf8Length(text);
    if (bytes > left) return '';
    left -= bytes;
    return text;
  };
  const files = stat === undefined ? '' : take(stat);
  const reply = take(lastReplyOf(turns, Math.min(MAX_LAST_REPLY_BYTES, left / 2)));
  const several = new Set(turns.map(({ agent }) => agent)).size > 1;
  const lines = fitting(
    shown.map((turn) => lineOf(turn, several)),
    left,
  );
  const known = `What is known of ${several ? 'the turns' : 'its turns'}, the last one last${lines.length < turns.length ? ' (older ones are left out)' : ''}:`;
  return [
    turns.length === 0 ? head : `${head} ${known}`,
    lines.join('\n'),
    reply && `The last reply:\n\n${reply}`,
    files && `Files changed since, as git tells (also by others):\n\n${files}`,
    foot,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function headOf({ topic, due: { reason, from }, agent, returns }: Brief): string {
  if (reason === 'agent_changed') {
    const other = `another agent, ${titleOf(agent, MAX_NAME_LENGTH)}, worked on the topic "${topic}" in its session ${from}.`;
    return returns
      ? `${BRIEF_BEGINS}since your last turn in this session, ${other} Nothing of that conversation is in yours.`
      : `${BRIEF_BEGINS}until now, ${other} You take over in a new session; nothing of that conversation is in it.`;
  }
  const what = WHAT_BECAME[reason];
  return (
    `${BRIEF_BEGINS}your earlier session ${from} of the topic "${topic}" ${what}. This is a new session in its place; ` +
    'nothing of the earlier conversation is in it.'
  );
}

/** The brief of a session that could not be copied. Ends where the prompt begins. At most 4 KiB. */
export function forkBriefOf({ topic, session_id, turn, told }: ForkOrigin, stat?: string): string {
  const agent = told.at(-1)?.agent ?? 'unknown';
  const head =
    `${BRIEF_BEGINS}this session goes on from another one, ${session_id} of agent ${titleOf(agent, MAX_NAME_LENGTH)} on the topic "${topic}", ` +
    `as it was after turn ${turn}. Nothing of that conversation is in yours, and it goes on by itself.`;
  const foot =
    'The files may have changed since then. Look at them before you change anything, and do not do again what is done.' +
    BRIEF_ENDS;
  return withParts({ head, foot, turns: told, stat, lines: told });
}

const WHAT_BECAME: Record<Loss, string> = {
  lost: 'was lost',
  corrupted: 'can no longer be continued',
  full: 'no longer fits the model',
  cold: 'was set aside, because to read all of it again was too expensive',
};

/** What a session is told after a compaction. Ends where the prompt begins; at most 4 KiB. */
export function goalsOf(topic: TopicId, turns: TurnResult[]): string {
  const head = `${BRIEF_BEGINS}this conversation was compacted, so only a summary of it is left. The topic "${topic}" has asked in it, the last one last`;
  const foot = `All of that has ended as it says. Go on with what follows.${BRIEF_ENDS}`;
  const lines = turns.map(({ turn, goal = '', status }) => `- turn ${turn} (${status}): ${goal}`);
  const kept = fitting(lines, MAX_BRIEF_BYTES - utf8Length(head + foot) - BETWEEN_BYTES);
  const older = kept.length < lines.length ? ' (older ones are left out)' : '';
  return [`${head}${older}:`, kept.join('\n'), foot].filter(Boolean).join('\n\n');
}

function footOf({ due: { reason } }: Brief): string {
  const again =
    reason === 'agent_changed' || reason === 'cold'
      ? '.'
      : ': the prompt that follows may have been begun in the earlier session, too.';
  return (
    'The files are as that work left them. Look at them before you change anything, and do not do again what is done' +
    again +
    BRIEF_ENDS
  );
}

/**
 * The provider may have refused what this turn put in, and its answer may repeat it. The new session
 * must not get it again.
 */
function withoutPoison(turn: TurnResult): TurnResult {
  if (turn.status !== 'failed' || turn.reply !== '') return turn;
  const { error, ...rest } = turn;
  const goal = 'what it asked is left out, because the provider may have refused it';
  return { ...rest, goal, ...(error && { error: { ...error, message: '' } }) };
}

/** Empty where its line has all of it. */
function lastReplyOf(turns: readonly ToldTurn[], most: number): string {
  const reply = turns.at(-1)?.reply.trim() ?? '';
  if (utf8Length(reply) <= MAX_REPLY_BYTES && !reply.includes('\n')) return '';
  const cut = cutToBytes(reply, most - 4);
  return cut === reply ? reply : `${cut} …`;
}

function lineOf({ turn, goal, agent, status, error, reply }: ToldTurn, withAgent: boolean): string {
  const by = withAgent ? `${titleOf(agent, MAX_NAME_LENGTH)}, ` : '';
  const ended = by + (error ? `${status}, ${error.code}` : status);
  const said = cutToBytes((reply || error?.message || '').replace(/\s+/g, ' ').trim(), MAX_REPLY_BYTES);
  return `- turn ${turn} (${ended}): ${[goal, said].filter(Boolean).join(' → ')}`;
}

/** The last lines that fit together. */
function fitting(lines: string[], most: number): string[] {
  let left = most;
  const first = lines.findLastIndex((line) => (left -= utf8Length(line) + 1) < 0);
  return lines.slice(first + 1);
}
