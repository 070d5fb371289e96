/** Which session a prompt goes to that names other settings than the topic's session has. */
import { describe, expect, test } from 'vitest';
import type { ResolveAgentOutput } from '../../../src/activities/types.js';
import type { SessionId } from '../../../src/contract/ids.js';
import type { SessionRecord, TopicState } from '../../../src/contract/state.js';
import type { Pinned, PromptRequest, SessionChoice } from '../../../src/contract/types.js';
import { askedOtherwise, chooseByAgent } from '../../../src/workflows/choose-by-agent.js';
import { goOnIn } from '../../../src/workflows/line-of-work.js';
import { addSession, newTopicState } from '../../../src/workflows/session-state.js';

const shared = { project: '/p', cwd: '/p', host: 'h', store: '/s', category: 'quick' };
const claude: Pinned = { ...shared, agent: 'claude-code', kind: 'claude-code', model: 'opus', variant: 'high' };
const codex: Pinned = { ...shared, agent: 'codex', kind: 'codex' };
const id = (name: string) => name as SessionId;
const now = '2026-01-01T00:00:00.000Z';

function open(state: TopicState, name: string, pinned: Pinned, choice: SessionChoice = { kind: 'new' }): SessionRecord {
  const session: SessionRecord = { session_id: id(name), pinned, turns: 1, opened_at: now };
  addSession(state, session);
  goOnIn(state, session, choice, now);
  return session;
}

/** Claude Code began, and Codex took over. */
function handedOver(): TopicState {
  const state = newTopicState();
  open(state, 'c1', claude);
  open(state, 'x1', codex, { kind: 'new', reason: 'agent_changed', follows: id('c1') });
  return state;
}

function choose(
  state: TopicState,
  request: Omit<PromptRequest, 'prompt'>,
  { kinds = {}, ...asked }: Partial<ResolveAgentOutput['pinned']> & { kinds?: Record<string, string> } = {},
) {
  const prompt = { prompt: 'x', ...request };
  const current = askedOtherwise(state, prompt);
  if (!current) throw new Error('The prompt names nothing else.');
  const agent = request.agent ?? current.pinned.agent;
  const pinned = { ...shared, agent, kind: agent, ...asked };
  return chooseByAgent(state, prompt, current, { pinned, kinds });
}

describe('a prompt that names', () => {
  test('an agent of another kind goes to a new session on the host of the old one, with what the agent brings', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    expect(choose(state, { agent: 'codex' })).toEqual({
      choice: { kind: 'new', reason: 'agent_changed', follows: 'c1' },
      host: 'h',
      opening: { agent: 'codex', category: 'quick', cwd: '/p', project: '/p', workspace: 'shared' },
    });
  });

  test('the agent that the topic had before goes on in its own session', () => {
    expect(choose(handedOver(), { agent: 'claude-code' })).toEqual({
      session: expect.objectContaining({ session_id: 'c1' }) as SessionRecord,
      choice: { kind: 'resumed', reason: 'agent_changed', follows: 'x1' },
      pinned: claude,
    });
  });

  test('… with the model that it asks for', () => {
    expect(choose(handedOver(), { agent: 'claude-code', model: 'sonnet' }, { model: 'sonnet' })).toMatchObject({
      session: { session_id: 'c1' },
      choice: { kind: 'resumed', reason: 'agent_changed', follows: 'x1', changed: { model: 'sonnet' } },
      pinned: { agent: 'claude-code', model: 'sonnet' },
    });
  });

  test('… unless it is to work in another directory: then in a new one', () => {
    expect(choose(handedOver(), { agent: 'claude-code', cwd: '/q' })).toMatchObject({
      choice: { kind: 'new', reason: 'agent_changed', follows: 'x1' },
      opening: { agent: 'claude-code', cwd: '/q' },
    });
  });

  test('… or its session was lost: then what on_lost says', () => {
    const state = handedOver();
    state.sessions[0]!.lost = 'lost';
    expect(choose(state, { agent: 'claude-code' })).toMatchObject({
      choice: { kind: 'replaced', reason: 'lost', replaces: 'c1', follows: 'x1' },
      opening: { agent: 'claude-code', model: 'opus', replaces: 'c1' },
    });
    expect(choose(state, { agent: 'claude-code', on_lost: 'fail' })).toMatchObject({
      session: { session_id: 'c1' },
      choice: { kind: 'resumed' },
    });
  });

  test('… or its session is of other work: a caller had asked for a new one since', () => {
    const state = handedOver();
    open(state, 'x2', codex, { kind: 'new', reason: 'fresh eyes' });
    expect(choose(state, { agent: 'claude-code' })).toMatchObject({ choice: { kind: 'new', follows: 'x2' } });
  });

  test('another name of the same kind goes on in the same session, and what changed is said', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    expect(choose(state, { agent: 'careful' }, { kind: 'claude-code', model: 'sonnet', mode: 'plan' })).toEqual({
      session: expect.objectContaining({ session_id: 'c1' }) as SessionRecord,
      choice: { kind: 'resumed', changed: { agent: 'careful', model: 'sonnet', mode: 'plan' } },
      pinned: { ...shared, agent: 'careful', kind: 'claude-code', model: 'sonnet', mode: 'plan' },
    });
  });

  test('… and keeps the model where that agent names none', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    expect(choose(state, { agent: 'careful' }, { kind: 'claude-code' })).toMatchObject({
      choice: { kind: 'resumed', changed: { agent: 'careful' } },
      pinned: { agent: 'careful', model: 'opus', variant: 'high' },
    });
  });

  test('another model goes on in the same session, and its variant is not that of the model before', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    const { variant: _, ...kept } = claude;
    expect(choose(state, { model: 'sonnet' }, { model: 'sonnet' })).toEqual({
      session: expect.objectContaining({ session_id: 'c1' }) as SessionRecord,
      choice: { kind: 'resumed', changed: { model: 'sonnet' } },
      pinned: { ...kept, model: 'sonnet' },
    });
  });

  test('another category goes on in the same session, with what the category brings', () => {
    const state = newTopicState();
    open(state, 'c1', { ...claude, skills: ['review'], instructions: 'Be quick.' });
    const brought = { category: 'deep', model: 'fable', variant: 'max', instructions: 'Think.' };
    expect(choose(state, { category: 'deep', skills: [] }, { ...brought, skills: [] })).toMatchObject({
      session: { session_id: 'c1' },
      choice: { kind: 'resumed', changed: { category: 'deep', model: 'fable', variant: 'max', skills: [] } },
      pinned: { ...brought, agent: 'claude-code', skills: [] },
    });
  });

  test('other skills go on in the same session, with the model as it was', () => {
    const state = newTopicState();
    open(state, 'c1', { ...claude, instructions: 'Be quick.' });
    const chosen = choose(state, { skills: ['review'] }, { model: 'other', skills: ['review'], instructions: 'Load.' });
    expect(chosen).toMatchObject({
      choice: { kind: 'resumed', changed: { skills: ['review'] } },
      pinned: { model: 'opus', variant: 'high', skills: ['review'], instructions: 'Load.' },
    });
  });

  test('a category of another kind of agent hands over', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    expect(choose(state, { category: 'deep' }, { agent: 'codex', kind: 'codex' })).toMatchObject({
      choice: { kind: 'new', reason: 'agent_changed', follows: 'c1' },
      opening: { category: 'deep' },
      host: 'h',
    });
  });

  test('a session by its id, and another model, goes on there; another kind of agent is refused', () => {
    const named = { session_id: id('c1'), category: 'deep' };
    expect(choose(handedOver(), named, { category: 'deep', model: 'fable' })).toMatchObject({
      session: { session_id: 'c1' },
      choice: { kind: 'resumed', changed: { category: 'deep', model: 'fable' } },
    });
    expect(choose(handedOver(), named, { agent: 'codex', kind: 'codex' })).toMatchObject({
      refused: { code: 'SESSION_PINNED', message: expect.stringContaining('codex was asked for') as string },
    });
  });

  test('another directory goes to a new session, whatever else it names', () => {
    const state = newTopicState();
    open(state, 'c1', claude);
    expect(choose(state, { model: 'sonnet', cwd: '/q' }, { model: 'sonnet' })).toMatchObject({
      choice: { kind: 'new', reason: 'cwd_changed' },
      opening: { model: 'sonnet', cwd: '/q' },
    });
  });

  test('another name of the first kind goes back to the session of that kind, with its settings', () => {
    expect(choose(handedOver(), { agent: 'careful' }, { kind: 'claude-code' })).toMatchObject({
      session: { session_id: 'c1' },
      choice: { kind: 'resumed', reason: 'agent_changed', follows: 'x1', changed: { agent: 'careful' } },
    });
  });

  test('an agent whose kind the session of an older release does not say is compared by what config says', () => {
    const state = newTopicState();
    const { kind: _, ...older } = claude;
    open(state, 'c1', older);
    const asked = { kind: 'claude-code', kinds: { 'claude-code': 'claude-code' } };
    expect(choose(state, { agent: 'careful' }, asked)).toMatchObject({ session: { session_id: 'c1' } });
    expect(choose(state, { agent: 'careful' }, { ...asked, kinds: {} })).toMatchObject({ choice: { kind: 'new' } });
  });
});

test.each([
  [{}],
  [{ agent: 'codex' }],
  [{ agent: 'claude-code', session: 'new' as const }],
  [{ agent: 'claude-code', session_id: id('c1') }],
  [{ cwd: '/elsewhere' }],
  [{ category: 'quick', skills: [] }],
])('nothing has to be asked of an agent for %o', (request) => {
  expect(askedOtherwise(handedOver(), { prompt: 'x', ...request })).toBeUndefined();
  expect(askedOtherwise(newTopicState(), { prompt: 'x', agent: 'codex' })).toBeUndefined();
});
