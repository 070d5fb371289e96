/**
 * An agent for tests: a real process with sessions on disk and no model. It keeps each session as
 * JSON lines and answers with what the session holds. Directives in a prompt make it misbehave on
 * purpose:
 *
 *   [[say: text]]    answer this             [[until: file]]  work until the file is there
 *   [[fail: CODE]]   end as failed           [[crash]]        die in mid-turn, the first time
 *   [[hang]]         never end               [[big: n]]       answer n characters
 *   [[parts: n]]     say a text of n characters, then a tool, before the answer
 *   [[deaf]]         work on when it is cancelled
 *   [[bells: n]]     answer n characters of which each takes six bytes as JSON
 *   [[tool: s limit]] run a tool that prints nothing for so many seconds, with a limit of its own in ms
 *   [[touch: file]]  make this file       [[corrupt]]      as its first words: every prompt after it ends as SESSION_CORRUPTED
 *   [[saying: text]] report this text as progress
 *   [[ask: tool | text]]     ask for this permission, and run the tool when it is given
 *   [[question: text | a, b]] ask this, with these options; the answer is in the reply
 *   [[asks: n m]]    ask n times for a permission, each time with another text of m characters
 *   [[gone: s]]      with it, an ask disappears by itself after so many seconds, and is denied
 *   [[quota: s]]     end as AGENT_RATE_LIMITED until so many seconds after the first time
 *   [[provider: dir]] note the call in dir/calls, and end as AGENT_RATE_LIMITED until the time in dir/until
 *   [[gone: model]] end as MODEL_UNKNOWN with this model; [[spent: model]] as AGENT_RATE_LIMITED for three hours
 *   [[bad image]]    a session that has these words is refused in every turn
 *   [[full]]         as its first words: every prompt after it ends as CONTEXT_OVERFLOW
 *   [[holds: n ms]]  the session holds n tokens now, and the model was asked last so many ms ago
 *   [[compact]]      the conversation is compacted in this turn
 *   [[cannot compact]] in a session with this, every compaction on request fails; others use 1,000 tokens
 *   [[steps: n ms cost]] ask the model n times, each for so long; each uses 110 tokens, and costs so much if it is said
 *   [[login: file]]  end as AGENT_AUTH until the file is there; [[config: file]] as CONFIG_INVALID
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

const [store] = process.argv.slice(2);
mkdirSync(store, { recursive: true, mode: 0o700 });
const fileOf = (session) => join(store, `${session}.jsonl`);
const linesOf = (session) =>
  readFileSync(fileOf(session), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const note = (session, line) => appendFileSync(fileOf(session), `${JSON.stringify(line)}\n`);
/** Of each session: which prompt's turn works, and how it is stopped. */
const working = new Map();
const tell = (id, signal) => process.send?.({ id, signal });

const operations = {
  open({ session }) {
    if (!existsSync(fileOf(session))) writeFileSync(fileOf(session), '', { flag: 'wx' });
    return session;
  },
  look: ({ session }) =>
    existsSync(fileOf(session)) ? { lines: linesOf(session), busy: working.get(session)?.id } : null,
  compact({ session }) {
    note(session, {
      compaction: linesOf(session).some(({ text }) => text?.includes('[[cannot compact]]')) ? 'failed' : 'done',
    });
  },
  abort({ session }) {
    working.get(session)?.stop?.();
  },
  running: ({ session }) => working.get(session)?.tools ?? [],
  asks: ({ session }) => [...(working.get(session)?.asks?.values() ?? [])].map(({ ask }) => ask),
  answer({ session, ask_id, answer }) {
    const asks = working.get(session)?.asks;
    const asked = asks?.get(ask_id);
    asks?.delete(ask_id);
    asked?.resolve(answer);
  },
  /**
   * Answers once the prompt is in the session, or with the code of a refusal. The turn works on.
   */
  put({ session, id, prompt, model }) {
    const known = linesOf(session);
    if (known.some((line) => line.prompt !== id && line.text?.startsWith('[[corrupt]]'))) return 'SESSION_CORRUPTED';
    const again = known.some((line) => line.prompt === id);
    if (!again) note(session, { prompt: id, text: prompt });
    void turn(session, id, prompt, again, model);
    return null;
  },
};

/** A brief before it quotes earlier prompts, with their directives. */
const ownWordsOf = (prompt) => prompt.split('The prompt:\n\n').at(-1);

async function turn(session, id, prompt, again, model) {
  const mine = { id, model };
  working.set(session, mine);
  const said = ownWordsOf(prompt).match(/\[\[saying: (.*?)\]\]/s)?.[1];
  tell(id, { type: 'did', step: 'reading', ...(said !== undefined && { text: said }) });
  const outcome = await work(session, prompt, again, mine);
  if (existsSync(fileOf(session))) note(session, { end: id, outcome: { ...outcome, ...(model && { model }) } });
  if (working.get(session) === mine) working.delete(session);
  tell(id, { type: 'moved' });
}

const permission = (tool, text) => ({
  ask_id: `ask_${randomUUID()}`,
  kind: 'permission',
  tool: tool.trim(),
  text: text.trim(),
  takes: ['allow', 'always', 'deny'],
});

const question = (text, options) => ({
  ask_id: `ask_${randomUUID()}`,
  kind: 'question',
  text: text.trim(),
  options: options.split(',').map((label) => ({ label: label.trim() })),
  takes: ['reply', 'deny'],
});

/** The answer, or nothing when the turn is stopped meanwhile. */
async function asked(mine, ask, goneAfter) {
  mine.asks ??= new Map();
  const answered = new Promise((resolve) => {
    mine.asks.set(ask.ask_id, { ask, resolve });
    mine.stop = () => resolve(undefined);
    const gone = () => mine.asks.delete(ask.ask_id) && resolve({ decision: 'deny' });
    if (goneAfter !== undefined) setTimeout(gone, Number(goneAfter) * 1000);
  });
  tell(mine.id, { type: 'blocked', on: ask.text });
  const answer = await answered;
  tell(mine.id, { type: 'blocked' });
  return answer;
}

/** When a usage limit that began with the first call ends. Nothing once it is over. */
function limitOf(session, seconds) {
  if (seconds === undefined) return undefined;
  let until = linesOf(session).find((line) => line.limited && line.seconds === seconds)?.limited;
  if (!until) {
    until = new Date(Date.now() + Number(seconds) * 1000).toISOString();
    note(session, { limited: until, seconds });
  }
  return Date.parse(until) > Date.now() ? until : undefined;
}

/** @returns whether it was stopped */
async function takesSteps(session, mine, words) {
  const [count, ms, cost] = words.split(' ').map(Number);
  const taken = linesOf(session).filter((line) => line.step === mine.id).length;
  for (let step = taken + 1; step <= count; step += 1) {
    const stopped = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      mine.stop = () => (clearTimeout(timer), resolve(true));
    });
    if (stopped) return true;
    const cache = { cache_read_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const usage = { input_tokens: 100, output_tokens: 10, ...cache, ...(cost && { cost_usd: cost }) };
    note(session, { step: mine.id, usage });
    tell(mine.id, { type: 'used', step: String(step), usage });
  }
  return false;
}

async function work(session, prompt, again, mine) {
  const directive = (name) => ownWordsOf(prompt).match(new RegExp(`\\[\\[${name}(?::\\s*(.*?))?\\]\\]`, 's'));
  if (directive('crash') && !again) process.exit(1);
  const [seconds, limit] = directive('tool')?.[1].split(' ') ?? [];
  if (seconds) {
    mine.tools = [{ id: 'call_1', step: `bash: sleep ${seconds}`, ...(limit && { limit_ms: Number(limit) }) }];
    const stopped = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Number(seconds) * 1000);
      mine.stop = () => (clearTimeout(timer), resolve(true));
    });
    delete mine.tools;
    if (stopped) return { status: 'cancelled', reply: '', code: 'CANCELLED' };
  }
  const until = directive('until')?.[1];
  if (until || directive('hang')) {
    const stopped = await new Promise((resolve) => {
      const poll = setInterval(() => until && existsSync(until) && finish(false), 10);
      const finish = (how) => {
        clearInterval(poll);
        resolve(how);
      };
      if (!directive('deaf')) mine.stop = () => finish(true);
    });
    if (stopped) return { status: 'cancelled', reply: '', code: 'CANCELLED' };
  }
  const steps = directive('steps')?.[1];
  if (steps && (await takesSteps(session, mine, steps)))
    return { status: 'cancelled', reply: 'So far.', code: 'CANCELLED' };
  const limited = limitOf(session, directive('quota')?.[1]);
  if (limited) return { status: 'failed', reply: '', code: 'AGENT_RATE_LIMITED', until: limited };
  const provider = directive('provider')?.[1];
  if (provider) {
    appendFileSync(join(provider, 'calls'), '.');
    const until = readFileSync(join(provider, 'until'), 'utf8');
    if (Date.parse(until) > Date.now()) return { status: 'failed', reply: '', code: 'AGENT_RATE_LIMITED', until };
  }
  if (mine.model && directive('gone')?.[1] === mine.model)
    return { status: 'failed', reply: '', code: 'MODEL_UNKNOWN' };
  if (mine.model && directive('spent')?.[1] === mine.model) {
    const until = new Date(Date.now() + 3 * 60 * 60 * 1000).toISOString();
    return { status: 'failed', reply: '', code: 'AGENT_RATE_LIMITED', until };
  }
  if (linesOf(session).some((line) => line.text?.includes('[[bad image]]')))
    return { status: 'failed', reply: '', code: 'MODEL_FAILED', refused: '400 bad image' };
  if (linesOf(session).some((line) => line.prompt && line.prompt !== mine.id && line.text?.startsWith('[[full]]')))
    return { status: 'failed', reply: '', code: 'CONTEXT_OVERFLOW' };
  for (const [name, code] of [
    ['login', 'AGENT_AUTH'],
    ['config', 'CONFIG_INVALID'],
  ]) {
    const file = directive(name)?.[1];
    if (file && !existsSync(file)) return { status: 'failed', reply: '', code };
  }
  const answers = [];
  const [, times = 0, length = 1] = ownWordsOf(prompt).match(/\[\[asks: (\d+) (\d+)\]\]/) ?? [];
  for (let i = 0; i < Number(times); i += 1) {
    const answer = await asked(mine, permission('bash', `${i} `.padEnd(Number(length), 'x')));
    if (!answer) return { status: 'cancelled', reply: '', code: 'CANCELLED' };
    answers.push(answer.decision);
  }
  if (times > 0) return { status: 'completed', reply: `${answers.length} answers` };
  for (const [, kind, what, rest] of ownWordsOf(prompt).matchAll(/\[\[(ask|question): ([^|\]]*)\|([^\]]*)\]\]/g)) {
    const answer = await asked(
      mine,
      kind === 'ask' ? permission(what, rest) : question(what, rest),
      directive('gone')?.[1],
    );
    if (!answer) return { status: 'cancelled', reply: '', code: 'CANCELLED' };
    if (answer.decision === 'allow' || answer.decision === 'always') note(session, { ran: rest.trim() });
    answers.push(`${answer.decision}${answer.text === undefined ? '' : `: ${answer.text}`}`);
  }
  if (answers.length > 0) return { status: 'completed', reply: `The answers: ${answers.join('; ')}` };
  const touched = directive('touch')?.[1];
  if (touched) writeFileSync(touched, '');
  const fail = directive('fail')?.[1];
  if (fail) return { status: 'failed', reply: '', code: fail };
  const big = directive('big')?.[1];
  const prompts = linesOf(session)
    .filter((line) => line.prompt)
    .map((line) => line.text);
  const bells = directive('bells')?.[1];
  const reply = bells
    ? '\u0007'.repeat(Number(bells))
    : big
      ? 'x'.repeat(Number(big))
      : (directive('say')?.[1] ?? `prompt ${prompts.length} here: ${prompt}; the first was: ${prompts[0]}`);
  const parts = directive('parts')?.[1];
  const holds = directive('holds')?.[1].split(' ');
  return {
    ...{ status: 'completed', reply },
    ...(parts && { reply_parts: ['y'.repeat(Number(parts)), reply] }),
    ...(directive('compact') && { compacted: 1 }),
    ...(holds && { context: { tokens: Number(holds[0]), at: new Date(Date.now() - Number(holds[1])).toISOString() } }),
  };
}

process.on('message', ({ call, operation, ...request }) =>
  process.send?.({ call, result: operations[operation](request) ?? null }),
);
process.on('disconnect', () => process.exit(0));
