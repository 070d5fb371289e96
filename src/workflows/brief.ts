/** What a new session is told of the one whose place it takes, from the durable record: its agent knows nothing of it. Pure. */
import type { SessionId, TopicId } from '../contract/ids.js';
import { MAX_BRIEF_BYTES } from '../contract/limits.js';
import type { SessionChoice, TurnResult } from '../contract/types.js';
import { cutToBytes, utf8Length } from '../contract/text.js';

const MAX_REPLY_BYTES = 400;

/** Ends where the prompt begins; at most 4 KiB, of which the newest turns come first to their part. */
export function briefOf(topic: TopicId, { reason, replaces }: SessionChoice, outcomes: TurnResult[]): string {
  const what = reason === 'corrupted' ? 'can no longer be continued' : 'was lost';
  const head =
    `Note: your earlier session ${replaces} of the topic "${topic}" ${what}. This is a new session in its place; ` +
    'nothing of the earlier conversation is in it.';
  const foot =
    'The files are as that work left them. Look at them before you change anything, and do not do again what is done: ' +
    'the prompt that follows may have been begun in the earlier session, too.\n\nThe prompt:\n\n';
  const all = replaces === undefined ? [] : turnsBehind(replaces, outcomes).map(lineOf);
  const lines = fitting(all, MAX_BRIEF_BYTES - utf8Length(head + foot) - 200);
  if (all.length === 0) return `${head}\n\n${foot}`;
  const known = `What is known of its turns, the last one last${lines.length < all.length ? ' (older ones are left out)' : ''}:`;
  return `${head} ${known}\n\n${lines.join('\n')}\n\n${foot}`;
}

/** The turns of a session and of those that it had replaced itself, oldest first. */
function turnsBehind(session: SessionId, outcomes: TurnResult[]): TurnResult[] {
  const line = new Set([session]);
  const turns = outcomes.toReversed().filter(({ turn, session_id, session: { replaces } }) => {
    if (turn === 0 || session_id === null || !line.has(session_id)) return false;
    if (replaces !== undefined) line.add(replaces);
    return true;
  });
  return turns.reverse();
}

function lineOf({ turn, goal, status, error, reply }: TurnResult): string {
  const ended = error ? `${status}, ${error.code}` : status;
  const said = cutToBytes((reply || error?.message || '').replace(/\s+/g, ' ').trim(), MAX_REPLY_BYTES);
  return `- turn ${turn} (${ended}): ${[goal, said].filter(Boolean).join(' → ')}`;
}

/** The last lines that fit together. */
function fitting(lines: string[], most: number): string[] {
  let left = most;
  const first = lines.findLastIndex((line) => (left -= utf8Length(line) + 1) < 0);
  return lines.slice(first + 1);
}
