/**
 * An agent for tests: a real process with sessions on disk and no model. It keeps each session as JSON lines and answers with what
 * the session holds. Directives in a prompt make it misbehave on purpose:
 *
 *   [[say: text]]    answer this             [[until: file]]  work until the file is there
 *   [[fail: CODE]]   end as failed           [[crash]]        die in mid-turn, the first time
 *   [[hang]]         never end               [[big: n]]       answer n characters
 *   [[bells: n]]     answer n characters of which each takes six bytes as JSON
 *   [[touch: file]]  make this file       [[corrupt]]      as its first words: every prompt after it ends as SESSION_CORRUPTED
 *   [[saying: text]] report this text as progress
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [store] = process.argv.slice(2);
mkdirSync(store, { recursive: true, mode: 0o700 });
const fileOf = (session) => join(store, `${session}.jsonl`);
const linesOf = (session) => readFileSync(fileOf(session), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const note = (session, line) => appendFileSync(fileOf(session), `${JSON.stringify(line)}\n`);
const cancelled = new Map();

const operations = {
  open({ session }) {
    if (!existsSync(fileOf(session))) writeFileSync(fileOf(session), '', { flag: 'wx' });
    return session;
  },
  inspect: ({ session }) => (existsSync(fileOf(session)) ? 'exists' : 'missing'),
  cancel({ session }) {
    cancelled.get(session)?.();
  },
  async turn({ session, id, prompt }, emit) {
    if (!existsSync(fileOf(session))) return { status: 'failed', reply: '', code: 'SESSION_LOST' };
    const known = linesOf(session);
    const held = known.find((line) => line.prompt === id);
    if (held && held.text !== prompt) return { status: 'failed', reply: '', code: 'PROMPT_ID_REUSED' };
    const ended = known.find((line) => line.end === id);
    if (ended) return { ...ended.outcome, recovered: 'harvested' };
    const again = held !== undefined;
    if (known.some((line) => line.prompt !== id && line.text?.startsWith('[[corrupt]]'))) return { status: 'failed', reply: '', code: 'SESSION_CORRUPTED' };
    if (!again) note(session, { prompt: id, text: prompt });
    const said = prompt.match(/\[\[saying: (.*?)\]\]/s)?.[1];
    emit({ step: 'reading', ...(said !== undefined && { text_tail: said }) });
    const outcome = await work(session, prompt, again);
    note(session, { end: id, outcome });
    return { ...outcome, ...(again && { recovered: 'continued' }) };
  },
};

async function work(session, prompt, again) {
  const directive = (name) => prompt.match(new RegExp(`\\[\\[${name}(?::\\s*(.*?))?\\]\\]`, 's'));
  if (directive('crash') && !again) process.exit(1);
  const until = directive('until')?.[1];
  if (until || directive('hang')) {
    const stopped = await new Promise((resolve) => {
      const poll = setInterval(() => until && existsSync(until) && finish(false), 10);
      const finish = (how) => {
        clearInterval(poll);
        cancelled.delete(session);
        resolve(how);
      };
      cancelled.set(session, () => finish(true));
    });
    if (stopped) return { status: 'cancelled', reply: '', code: 'CANCELLED' };
  }
  const touched = directive('touch')?.[1];
  if (touched) writeFileSync(touched, '');
  const fail = directive('fail')?.[1];
  if (fail) return { status: 'failed', reply: '', code: fail };
  const big = directive('big')?.[1];
  const prompts = linesOf(session).filter((line) => line.prompt).map((line) => line.text);
  const bells = directive('bells')?.[1];
  const reply = bells ? '\u0007'.repeat(Number(bells)) : big ? 'x'.repeat(Number(big)) : (directive('say')?.[1] ?? `prompt ${prompts.length} here: ${prompt}; the first was: ${prompts[0]}`);
  return { status: 'completed', reply };
}

process.on('message', async ({ call, operation, ...request }) => {
  const result = await operations[operation](request, (progress) => process.send?.({ call, progress }));
  process.send?.({ call, result });
});
process.on('disconnect', () => process.exit(0));
