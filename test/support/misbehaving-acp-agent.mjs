/**
 * An ACP agent that does wrong what its flags say (`-dies`), and everything else right. Its sessions are
 * in `$ACP_STORE`, one file each; every prompt that reaches it is a line of `prompts` there, every permission that it asks for one of `asked`.
 *
 *   only-garbage    prints lines that are no messages, and answers nothing
 *   garbage         prints such lines between its messages
 *   exits           ends with exit code 1 before it answers
 *   exits-once      so, but for the first time only
 *   newer           speaks version 2 of ACP only
 *   cannot-load     can neither load nor resume a session
 *   resumes         can resume a session and not load it
 *   logged-out      wants a login before it opens a session
 *   other-session   takes up another session than the one that is asked for
 *   forgets         says that it has loaded a session, and has nothing of it
 *   replays-late    answers before it replays
 *   replays-slowly  answers before it replays the answers, and makes pauses
 *   misses          cannot load a session, because a file of its own is not there
 *   long-id         opens a session with an id of 5000 characters; odd-id: of two lines
 *   dies            ends in the middle of a prompt, and leaves a child running
 *   held            ends in the middle of a prompt, and leaves a child running that holds its output open
 *   deaf            closes its input, and goes on to print
 *   floods          answers in 100,000 pieces
 *   chatty          writes 15 MiB to its standard error
 *   hangs           never ends a prompt, nor when it is cancelled, and leaves a child running; without
 *                   the flag only for a prompt with [hang] in it
 *   refuses-bad     refuses every prompt of a session that has had one with [bad] in it, and says the status
 *   asks            asks for a permission, and says what it was answered
 *   asks-…          asks for it without options (nothing), with a thousand (much), with one id twice (twice),
 *                   in a session that nobody knows (elsewhere), a hundred times at once and more (often),
 *                   before there is a turn (early), or once its turn is over (late)
 *   takes-back      asks for a permission, and takes that back once there is a file `take-back`
 *   questions       wants a form filled in, and says what it was answered
 *   big             answers with a line of 3 MB
 *   numbers…        numbers its sessions from 1, and answers with this word
 *   odd             ends a prompt for a reason that nobody knows
 *   mute            ends a prompt without a reason
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';

const does = new Set(process.argv.slice(2).map((word) => word.replace(/^-/, '')));
const numbers = [...does].find((word) => word.startsWith('numbers'));
const store = process.env['ACP_STORE'];
const fileOf = (session) => join(store, `${session}.json`);
const write = (message) => {
  if (does.has('garbage')) process.stdout.write('Warning: {"this": "is no message"\n[2/3] indexing…\n\n{ half\n');
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
};
const update = (sessionId, sessionUpdate, more) =>
  write({ method: 'session/update', params: { sessionId, update: { sessionUpdate, ...more } } });
const say = (sessionId, text, kind = 'agent_message_chunk') =>
  update(sessionId, kind, { content: { type: 'text', text } });
const waiting = new Map();
const ask = (method, params, id = randomUUID()) =>
  new Promise((resolve) => {
    waiting.set(id, [...(waiting.get(id) ?? []), resolve]);
    write({ id, method, params });
  });
/** What it hears from its client, in order. */
const heard = (what) => appendFileSync(join(store, 'heard'), `${what}\n`);

const OPTIONS = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
  { optionId: 'never', name: 'Never', kind: 'reject_always' },
];
const MANY = Array.from({ length: 1000 }, (_, at) => ({ optionId: `o${at}`, name: `O${at}`, kind: 'allow_always' }));
const TOOL = { toolCallId: 't', title: 'rm -rf build' };
const FORM = {
  type: 'object',
  properties: { name: { type: 'string', title: 'Name' }, count: { type: 'integer' } },
  required: ['name', 'count'],
};
async function permit(sessionId, options, id) {
  const answer = ask('session/request_permission', { sessionId, toolCall: TOOL, options }, id);
  appendFileSync(join(store, 'asked'), 'once\n');
  const { outcome } = await answer;
  heard(outcome.optionId ?? outcome.outcome);
  return outcome.optionId ?? outcome.outcome;
}
/** By flag: how it asks in the middle of a prompt. */
const asking = {
  asks: (session) => permit(session, OPTIONS),
  'asks-nothing': (session) => permit(session),
  'asks-much': (session) => permit(session, [...MANY, ...OPTIONS]),
  'asks-twice': async (session) => {
    const both = [permit(session, OPTIONS, 'same'), permit(session, OPTIONS, 'same')];
    return (await Promise.all(both)).join(' and ');
  },
  'asks-elsewhere': () => permit('nobody-knows', OPTIONS),
  'asks-often': async (session) => {
    const answers = await Promise.all(Array.from({ length: 150 }, () => permit(session, OPTIONS)));
    return answers.filter((one) => one === 'cancelled').length;
  },
  'takes-back': (session) => {
    const answer = permit(session, OPTIONS, 'back');
    say(session, 'I ask.');
    const seen = setInterval(() => {
      if (!existsSync(join(store, 'take-back'))) return;
      clearInterval(seen);
      write({ method: '$/cancel_request', params: { requestId: 'back' } });
    }, 20);
    return answer;
  },
  questions: async (sessionId) => {
    const params = { mode: 'form', sessionId, toolCallId: 't', message: 'Who?', requestedSchema: FORM };
    return JSON.stringify(await ask('elicitation/create', params));
  },
};
/** In a session of its own, as agents start their tools. */
const leaveChild = () => spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref();
/** Sessions. */
const cancelled = new Set();
const failed = (code, message) => Object.assign(new Error(message), { code });

if (does.has('exits') || (does.has('exits-once') && !existsSync(join(store, 'exited')))) {
  writeFileSync(join(store, 'exited'), '');
  heard('exits');
  process.stderr.write('No API key was found.\n');
  process.exit(1);
}
if (does.has('only-garbage')) {
  process.stdout.write('Usage: agent [options]\n');
  setInterval(() => process.stdout.write('still no protocol\n'), 50);
}

const handlers = {
  initialize: () => ({
    protocolVersion: does.has('newer') ? 2 : 1,
    agentInfo: { name: 'misbehaving', version: '1.2.3' },
    agentCapabilities: {
      loadSession: !does.has('cannot-load') && !does.has('resumes'),
      sessionCapabilities: does.has('resumes') ? { resume: {} } : {},
    },
    authMethods: [{ id: 'login', name: 'Type /login' }],
  }),
  'session/new': async () => {
    if (does.has('asks-early')) await permit('nobody-knows', OPTIONS);
    if (does.has('logged-out')) throw failed(-32000, 'Authentication required');
    if (does.has('long-id')) return { sessionId: 'L'.repeat(5000) };
    if (does.has('odd-id')) return { sessionId: 'a\nb' };
    const sessionId = numbers ? 'session-1' : randomUUID();
    writeFileSync(fileOf(sessionId), '[]');
    return { sessionId };
  },
  'session/load': ({ sessionId }) => {
    if (!existsSync(fileOf(sessionId))) throw failed(-32002, 'Resource not found');
    if (does.has('other-session')) return { sessionId: randomUUID() };
    if (does.has('forgets')) return {};
    if (does.has('misses')) throw failed(-32603, "ENOENT: no such file or directory, open '/home/me/settings.json'");
    if (does.has('replays-slowly')) {
      const [{ asked, said }] = JSON.parse(readFileSync(fileOf(sessionId), 'utf8'));
      say(sessionId, asked, 'user_message_chunk');
      setTimeout(() => say(sessionId, said.slice(0, 5)), 300);
      setTimeout(() => say(sessionId, said.slice(5)), 600);
      return {};
    }
    const replay = () => {
      for (const { asked, said } of JSON.parse(readFileSync(fileOf(sessionId), 'utf8'))) {
        say(sessionId, asked, 'user_message_chunk');
        say(sessionId, said);
      }
    };
    if (does.has('replays-late')) setTimeout(replay, 50);
    else replay();
    return {};
  },
  'session/resume': ({ sessionId }) => {
    if (!existsSync(fileOf(sessionId))) throw failed(-32603, `Unknown session ${sessionId}`);
    return {};
  },
  'session/prompt': async ({ sessionId, prompt }) => {
    if (does.has('replays-slowly')) await new Promise((resolve) => setTimeout(resolve, 900));
    const asked = prompt.map(({ text }) => text).join('\n');
    appendFileSync(join(store, 'prompts'), `${JSON.stringify({ sessionId, asked })}\n`);
    if (does.has('dies')) {
      leaveChild();
      say(sessionId, 'I begin.');
      process.stderr.write('Segmentation fault\n');
      setTimeout(() => process.exit(3), 50);
      return new Promise(() => undefined);
    }
    const before = existsSync(`${fileOf(sessionId)}.bad`);
    if (does.has('refuses-bad') && (before || asked.includes('[bad]'))) {
      writeFileSync(`${fileOf(sessionId)}.bad`, '');
      throw Object.assign(failed(-32603, 'This picture is not to our taste'), { data: { statusCode: 400 } });
    }
    if (does.has('hangs') || asked.includes('[hang]')) {
      leaveChild();
      say(sessionId, 'I think.');
      return new Promise(() => undefined);
    }
    if (does.has('held')) {
      spawn('sleep', ['600'], { detached: true, stdio: 'inherit' }).unref();
      say(sessionId, 'I begin.');
      setTimeout(() => process.exit(3), 50);
      return new Promise(() => undefined);
    }
    if (does.has('deaf')) {
      closeSync(0);
      write({ id: 'q', method: 'session/request_permission', params: { sessionId, toolCall: { title: 'x' } } });
      setInterval(() => say(sessionId, 'Still here.'), 20);
      return new Promise(() => undefined);
    }
    if (does.has('floods')) {
      for (let i = 0; i < 1000; i++) {
        for (let j = 0; j < 100; j++) say(sessionId, 'ten chars.');
        await new Promise((resolve) => process.stdout.write('', resolve));
      }
      return { stopReason: 'end_turn' };
    }
    if (does.has('chatty')) for (let i = 0; i < 60; i++) process.stderr.write(`${'e'.repeat(256 * 1024)}\n`);
    if (does.has('mute')) return {};
    if (does.has('odd')) return { stopReason: 'bored' };
    let said = numbers ? `${numbers} heard: ${asked}` : `You said: ${asked}`;
    if (does.has('big')) said = 'x'.repeat(3 * 1024 * 1024);
    const flag = Object.keys(asking).find((one) => does.has(one));
    if (flag) said = `I was answered: ${await asking[flag](sessionId)}`;
    if (does.has('asks-late')) setImmediate(() => permit(sessionId, OPTIONS));
    if (said.endsWith('cancelled') && cancelled.has(sessionId)) return { stopReason: 'cancelled' };
    for (const piece of [said.slice(0, 5), said.slice(5)]) say(sessionId, piece);
    const turns = JSON.parse(readFileSync(fileOf(sessionId), 'utf8'));
    writeFileSync(fileOf(sessionId), JSON.stringify([...turns, { asked, said }]));
    return { stopReason: 'end_turn' };
  },
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  if (does.has('only-garbage')) return;
  const { id, method, params, result } = JSON.parse(line);
  if (method === undefined) return waiting.get(id)?.shift()?.(result);
  if (method === 'session/cancel') {
    cancelled.add(params.sessionId);
    heard('cancel');
  }
  if (id === undefined) return undefined;
  try {
    const handler = handlers[method];
    if (!handler) throw failed(-32601, `Method not found: ${method}`);
    write({ id, result: await handler(params) });
  } catch ({ code = -32603, message, data }) {
    write({ id, error: { code, message, data } });
  }
});
// It hears that its client has gone, and goes on all the same.
if (does.has('hangs')) setInterval(() => undefined, 1000);
