import type { Part } from '@opencode-ai/sdk/v2/client';
import { describe, expect, test } from 'vitest';
import type { Beside, Child } from '../../../../src/agents/opencode/background.js';
import { keyOf, sightOf } from '../../../../src/agents/opencode/read-session.js';
import { turnStateOf, type StoredMessage } from '../../../../src/agents/opencode/turn-state.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';
import { answer, compaction, text, tool, user } from './messages.js';

const S = 'ses_1' as SessionId;
const P = keyOf({ session_id: S, cwd: '/', store: 's' }, 'p' as PromptId);
const SOON = 5_000;
const LATER = 60_000;

const at = (created: number, { info, parts }: StoredMessage): StoredMessage => ({
  info: { ...info, time: { created, ...('completed' in info.time && { completed: created + 10 }) } },
  parts,
});
const prompt = at(1, user(P, text('Look into both.')));
const says = (created: number, parent: string, words: string, ...parts: Part[]) =>
  at(created, answer(parent, { finish: 'stop' }, text(words), ...parts));
/** The call that starts the sub-agent, from 10 to 20. */
function starts(input: object = {}): StoredMessage {
  const part = tool('completed');
  if (part.type === 'tool' && part.state.status === 'completed')
    part.state = { ...part.state, input: { ...input }, time: { start: 10, end: 20 } };
  return at(5, answer(P, { finish: 'tool-calls' }, part));
}
const waits = says(30, P, 'I am waiting for the background agents.');
const child = (state: Child['state'], movedAt: number, created = 15): Child => ({
  id: 'ses_child',
  directory: '/',
  created,
  state,
  movedAt,
});

function look(now: number, messages: StoredMessage[], ...children: Child[]) {
  return lookBeside(now, messages, { children, hasPlugins: false });
}

function lookBeside(now: number, messages: StoredMessage[], beside: Beside) {
  const sight = sightOf({ idle: true, status: { type: 'idle' }, messages, beside }, S, P, now);
  const { busy, background, end, superseded, steps, fingerprint } = sight;
  return { busy, background, end, superseded, steps, fingerprint, reply: sight.said().reply };
}

describe('A turn is not over', () => {
  test('while a sub-agent works in its background, however long', () => {
    const seen = look(10 * LATER, [prompt, starts(), waits], child('works', 10 * LATER));
    expect(seen).toMatchObject({ busy: 'this', background: 1 });
  });

  test('for a while after the last of them has ended, because its agent may be told', () => {
    expect(look(1_000 + SOON, [prompt, starts(), waits], child('ended', 1_000))).toMatchObject({
      busy: 'this',
      background: 0,
    });
    expect(look(1_000 + LATER, [prompt, starts(), waits], child('ended', 1_000))).toMatchObject({
      busy: false,
      end: { status: 'completed' },
    });
  });

  test('before the answer to what its agent was told', () => {
    const told = at(2_000, user('msg_told', text('All background tasks are complete.')));
    expect(look(LATER, [prompt, starts(), waits, told], child('ended', 1_000))).toMatchObject({
      busy: false,
      end: undefined,
      superseded: false,
    });
  });

  test('while another one works, although its agent was told of one', () => {
    const told = at(2_000, user('msg_told', text('One is done.')));
    const both = [child('ended', 1_000), { ...child('works', LATER), id: 'ses_other' }];
    expect(look(LATER, [prompt, starts(), waits, told], ...both)).toMatchObject({ busy: 'this', background: 1 });
  });
});

describe('The end of a turn', () => {
  const told = at(2_000, user('msg_told', text('All background tasks are complete.')));
  const found = says(2_100, 'msg_told', 'Both are fine.');

  test('is the answer to what its agent was told; every step counts', () => {
    expect(look(2_200, [prompt, starts(), waits, told, found], child('ended', 1_000))).toMatchObject({
      busy: false,
      end: { status: 'completed' },
      superseded: false,
      steps: 3,
      reply: 'Both are fine.',
    });
  });

  test('comes at once where a sub-agent ended before the call that started it', () => {
    expect(look(40, [prompt, starts(), says(30, P, 'Done.')], child('ended', 18))).toMatchObject({
      busy: false,
      end: { status: 'completed' },
      reply: 'Done.',
    });
  });

  test.each([{ background: true }, { run_in_background: true }])(
    'is waited for where the call says %o, however quick the sub-agent was',
    (input) => {
      expect(look(40, [prompt, starts(input), waits], child('ended', 18))).toMatchObject({ busy: 'this' });
    },
  );

  test('is a failure where a sub-agent was cut off and nothing told of it', () => {
    const seen = look(1_000 + LATER, [prompt, starts(), waits], child('cut_off', 1_000));
    expect(seen).toMatchObject({ busy: false, end: { status: 'failed', error: { code: 'AGENT_CRASHED' } } });
    const again = look(LATER, [prompt, starts(), waits, told, found], child('cut_off', 1_000));
    expect(again).toMatchObject({ end: { status: 'completed' }, reply: 'Both are fine.' });
  });

  test('changes what the session looks like', () => {
    const [working, ended] = [child('works', 1_000), child('ended', 1_000)].map(
      (one) => look(LATER, [prompt, starts(), waits], one).fingerprint,
    );
    expect(working).not.toBe(ended);
  });
});

describe("A person's own message", () => {
  const person = (created: number) => at(created, user('msg_person', text('What is new?')));

  test('that comes later is none of the turn', () => {
    expect(look(LATER, [prompt, starts(), waits, person(1_000 + 2 * SOON + 1)], child('ended', 1_000))).toMatchObject({
      superseded: true,
      end: { status: 'completed' },
    });
  });

  test('that comes soon after the answer to what the agent was told is none of it', () => {
    const told = at(2_000, user('msg_told', text('All background tasks are complete.')));
    const messages = [prompt, starts(), waits, told, says(2_100, 'msg_told', 'Both are fine.'), person(2_500)];
    expect(look(LATER, messages, child('ended', 1_000))).toMatchObject({ superseded: true, reply: 'Both are fine.' });
  });

  test('that comes soon after a turn without a background is none of it', () => {
    expect(look(LATER, [prompt, starts(), says(30, P, 'Done.'), person(50)], child('ended', 18))).toMatchObject({
      superseded: true,
      reply: 'Done.',
    });
  });
});

describe('An answer that leaves tasks open', () => {
  const lists = (created: number, parent: string, ...statuses: string[]) => {
    const part = tool('completed');
    if (part.type === 'tool' && part.state.status === 'completed')
      Object.assign(part, {
        tool: 'todowrite',
        state: { ...part.state, input: { todos: statuses.map((status) => ({ status })) } },
      });
    return at(created, answer(parent, { finish: 'tool-calls' }, part));
  };
  const open = [prompt, lists(5, P, 'completed', 'pending'), says(30, P, 'The first is done.')];
  const goOn = at(2_500, user('msg_go_on', text('Incomplete tasks remain.')));
  const plugins = { children: [], hasPlugins: true };

  test('is waited on for a while where there are plug-ins, because one may tell the agent to go on', () => {
    expect(lookBeside(SOON, open, plugins)).toMatchObject({ busy: 'this', background: 0 });
    expect(lookBeside(LATER, open, plugins)).toMatchObject({ busy: false, end: { status: 'completed' } });
    expect(look(SOON, open)).toMatchObject({ busy: false });
  });

  test('is not the reply, once the agent was told to go on', () => {
    expect(lookBeside(LATER, [...open, goOn], plugins)).toMatchObject({ end: undefined, superseded: false });
    const done = [...open, goOn, lists(2_600, 'msg_go_on', 'completed'), says(2_700, 'msg_go_on', 'All done.')];
    expect(lookBeside(2_800, done, plugins)).toMatchObject({ busy: false, reply: 'All done.', superseded: false });
  });

  test('is the end where it failed or was stopped', () => {
    const aborted = { name: 'MessageAbortedError' as const, data: { message: 'Aborted' } };
    const stopped = [...open.slice(0, 2), at(30, answer(P, { error: aborted }))];
    expect(lookBeside(SOON, stopped, plugins)).toMatchObject({ busy: false, end: { status: 'cancelled' } });
  });

  test('is the end where all tasks are done or cancelled', () => {
    const done = [prompt, lists(5, P, 'completed', 'cancelled'), says(30, P, 'Done.')];
    expect(lookBeside(SOON, done, plugins)).toMatchObject({ busy: false });
    expect(lookBeside(LATER, [...done, goOn], plugins)).toMatchObject({ superseded: true, reply: 'Done.' });
  });
});

test('a prompt of ours is never taken for what a plug-in tells', () => {
  const next = at(40, user(keyOf({ session_id: S, cwd: '/', store: 's' }, 'q' as PromptId), text('Next')));
  expect(look(50, [prompt, starts(), waits, next], child('works', 50)).superseded).toBe(true);
});

test('a compaction in between tells the agent nothing of its background', () => {
  const messages = [
    prompt,
    starts(),
    waits,
    at(1_100, user('c', compaction())),
    at(1_200, answer('c', { finish: 'stop', summary: true }, text('So far'))),
    at(1_300, user('s', text('Continue', { synthetic: true }))),
    says(1_400, 's', 'I still wait.'),
  ];
  expect(look(1_500, messages, child('ended', 1_000))).toMatchObject({ busy: 'this', background: 0 });
});

test("the turn of a person that has a background is a person's", () => {
  const theirs = [at(1, user('msg_person', text('Look into both.'))), says(30, 'msg_person', 'I wait.')];
  const beside = { children: [child('works', LATER)], hasPlugins: false };
  const read = { idle: true, status: { type: 'idle' as const }, messages: theirs, beside };
  expect(sightOf(read, S)).toMatchObject({ busy: 'theirs' });
  expect(turnStateOf(theirs, P).background).toEqual({ working: 0, isAwaited: false, cutOff: 0 });
});
