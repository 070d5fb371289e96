/** Promise 7: everything that a topic carries fits into one payload, whatever was put into it. */
import { describe, expect, test } from 'vitest';
import { bounded as boundedAsk } from '../../../src/agents/turn/asks.js';
import type { Answered, Ask } from '../../../src/contract/asks.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import * as limits from '../../../src/contract/limits.js';
import { boundedParts } from '../../../src/contract/reply-parts.js';
import type { SessionContext } from '../../../src/contract/session-context.js';
import { boundedSharing, MAX_BRANCH_BYTES, type Ground, type Worktree } from '../../../src/contract/workspace.js';
import type { CheckLoop, RunningPrompt, TopicState } from '../../../src/contract/state.js';
import { jsonBytes } from '../../../src/contract/text.js';
import type { CheckRound } from '../../../src/contract/checks.js';
import type { PromptRequest, TurnResult } from '../../../src/contract/types.js';
import { bounded, boundedAsks, boundedFailure, boundedRounds, carriable } from '../../../src/workflows/remembered.js';
import { MAX_WORKTREE_BYTES } from '../../../src/workflows/read-workspace.js';
import { answered, asksOf } from '../../../src/workflows/waiting.js';
import { PINNED_FIELDS } from '../../../src/workflows/pinned.js';
import { noteUsage } from '../../../src/workflows/spent.js';
import { noteEnded, noteWaits } from '../../../src/workflows/noticed.js';
import * as transitions from '../../../src/workflows/session-state.js';

/** What Temporal takes in one payload (`limit.blobSize.error`), less what stands around it. */
const ONE_PAYLOAD = 2 * 1024 * 1024 - 16 * 1024;
const TYPICAL = 'x';
const LARGEST = '"'; // Two bytes as JSON.
const topic = 'T' as TopicId;
const now = '2026-01-01T00:00:00.000Z';
/** Six bytes as JSON, one in UTF-8. */
const bells = (count: number) => '\u0007'.repeat(count);

const round = (turn: number): CheckRound => ({
  turn,
  prompt_id: `@fix/${turn}/p` as PromptId,
  status: 'completed',
  duration_ms: 1,
  ran: Array.from({ length: 10 }, () => ({
    run: bells(1000),
    passed: false,
    exit_code: 1,
    output: bells(8 * 1024),
    output_bytes: 1,
    duration_ms: 1,
  })),
});

const ask = (ask_id: string): Ask =>
  boundedAsk({
    ask_id,
    kind: 'question',
    tool: bells(10_000),
    text: bells(100_000),
    takes: ['reply', 'deny'],
    options: Array.from({ length: 100 }, () => ({ label: bells(300), description: bells(300) })),
  })!;

const given = (ask_id: string): Answered => ({
  ask: ask(ask_id),
  answer: { decision: 'reply', text: bells(limits.MAX_ANSWER_BYTES) },
  by: 'person',
});

/** Of a turn that asked a thousand times. */
const asking: RunningPrompt = {
  prompt: { prompt_id: 'asking' as PromptId, request: { prompt: '' }, accepted_at: now },
  turn: 1,
  session_id: null,
  started_at: now,
};
for (let i = 0; i < 1000; i += 1) answered(asking, given(`a${i}`));

const ground: Ground = { branch: bells(MAX_BRANCH_BYTES), commit: 'f'.repeat(64) };
/** The largest that is read from a host. */
const worktree: Worktree = { mode: 'worktree', directory: '/d', branch: 'b', base: 'c', from: '/f' };
worktree.directory = `/${'d'.repeat(MAX_WORKTREE_BYTES - jsonBytes(worktree) - 1)}`;
const context: SessionContext = {
  tokens: Number.MAX_SAFE_INTEGER,
  at: now,
  warm_until: now,
  warm_usd: 1.2345678901234567e-300,
  cold_usd: 1.2345678901234567e-300,
};

function outcomeOf(turn: number, reply: number): TurnResult {
  return {
    topic,
    prompt_id: `p${turn}`.padEnd(200, 'é') as PromptId,
    goal: bells(120),
    session_id: 'ses_0' as SessionId,
    session: { kind: 'replaced', reason: bells(1000), replaces: 'ses_1' as SessionId },
    status: 'failed',
    reply: bells(reply),
    error: { code: 'MODEL_FAILED', message: bells(100_000), fix: bells(100_000) },
    agent: 'a'.repeat(200),
    model: 'm'.repeat(200),
    turn,
    attempts: 1,
    started_at: now,
    duration_ms: 1,
    asks: Array.from({ length: 21 }, () => asksOf(asking) ?? []).flat(),
    reply_parts: boundedParts([bells(5000), bells(5000)], bells(reply)).reply_parts ?? [],
    fell_back_from: bells(200),
    left_behind: Array.from({ length: 100 }, () => ({ pid: 1e15, command: bells(1000), since: now })),
    workspace: worktree,
    shares_directory_with: boundedSharing(Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(200, 'é') as TopicId)),
    ground: { was: ground, is: ground },
    checks: { passed: false, max_fixes: 20, rounds: Array.from({ length: 21 }, (_, i) => round(i)) },
  };
}

const largest = (id: string, character: string): PromptRequest => ({
  prompt: character.repeat(limits.MAX_PROMPT_BYTES),
  prompt_id: id as PromptId,
  checks: Array.from({ length: 10 }, () => ({ run: bells(1000) })),
  reason: bells(character === LARGEST ? 700 : 1000),
});

function fullState(): TopicState {
  const state = transitions.newTopicState();
  const pinned = {
    agent: 'a',
    project: 'é'.repeat(1000),
    cwd: 'é'.repeat(1000),
    host: 'h',
    store: 's',
    instructions: bells(30_000),
  };
  for (let i = 0; i < 40; i += 1)
    transitions.addSession(state, {
      session_id: `ses_${i}` as SessionId,
      pinned,
      turns: 1,
      opened_at: now,
      line: 'ses_0' as SessionId,
      left: { turn: i, at: now },
      brief_due: { reason: 'agent_changed', from: 'ses_0' as SessionId },
      archive: { kept_because: bells(300) },
    });
  for (const session of state.sessions)
    Object.assign(session, { context, ground, lost: 'corrupted', refused_as: bells(200), goals_due: true });
  const huge = 1e308;
  const used = { input_tokens: huge, output_tokens: huge, reasoning_tokens: huge, cache_read_tokens: huge };
  for (const session of state.sessions)
    for (let day = 0; day < 100; day += 1)
      noteUsage(
        state,
        session,
        { ...used, cache_write_tokens: huge, cost_usd: 0.1 + 0.2 },
        { at: new Date(day * 86_400_000).toISOString(), model: bells(200), opened: day === 0 },
      );
  state.cancels = Array.from({ length: limits.MAX_REMEMBERED_CANCELS }, () => [
    '2:0000000.0000000.00000',
    'é'.repeat(200) as PromptId,
  ]);
  for (let i = 0; i < 3000; i += 1)
    transitions.rememberId(state, `i${i}`.padEnd(200, 'é') as PromptId, '2:0000000.0000000.00000');
  for (let i = 0; i < 3000; i += 1)
    transitions.noteRefused(
      state,
      { code: 'INVALID_PROMPT', message: bells(5000), fix: bells(1000) },
      `r${i}`.padEnd(200, 'é') as PromptId,
      now,
    );
  for (let turn = 1; turn <= 300; turn += 1)
    transitions.recordOutcome(state, bounded(outcomeOf(turn, turn === 300 ? 200_000 : 10_000)));
  for (let i = 0; i < 300; i += 1) {
    const request = { prompt: 'p', notify: bells(1000), notify_proof: 'p'.repeat(200) };
    const prompt = { prompt_id: `n${i}`.padEnd(200, 'é') as PromptId, request, accepted_at: now };
    noteEnded(topic, state, prompt, outcomeOf(i, 10_000), now);
    const waits = { for: 'answer', ask: ask(`n${i}`), since: now, until: now } as const;
    noteWaits(topic, state, { prompt, turn: i, session_id: null, started_at: now }, waits, now);
  }
  return state;
}

const rounds = boundedRounds(
  Array.from({ length: 20 }, (_, i) => round(i)),
  limits.MAX_OUTCOME_FACTS_BYTES / 2,
);
const loop: CheckLoop = {
  first: { goal: bells(120), session: { kind: 'new' }, started_at: now },
  rounds,
  prompt: { prompt_id: '@fix/1/p' as PromptId, request: { prompt: bells(10_000) }, accepted_at: now },
  asks: boundedAsks(Array.from({ length: 20 }, () => asksOf(asking) ?? []).flat()),
};
const runningWith = (character: string): RunningPrompt => ({
  prompt: { prompt_id: 'run' as PromptId, request: largest('run', character), accepted_at: now },
  turn: 1,
  session_id: null,
  started_at: now,
  brief: bells(limits.MAX_BRIEF_BYTES),
  waiting: { for: 'answer', ask: ask('open'), since: now, until: now },
  ...(asking.answered && { answered: asking.answered }),
  parked_since: now,
  tries: 1,
  goes_on: true,
  worked_ms: 1,
  instead: bells(200),
  loop,
  noticed: Array.from({ length: limits.MAX_NOTICES_OF_PROMPT }, (_, i) => `silent/${now}${i}`),
  shared_with: boundedSharing(Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(200, 'é') as TopicId)),
  moved: { was: ground, is: ground },
  stopped: { message: bells(1000) },
});

const remembers = fullState();
function carriedWith(character: string) {
  const state: TopicState = { ...remembers, ids: [...remembers.ids], queue: [] };
  for (let i = 0; ; i += 1) {
    const request = largest(`q${i}`, character);
    if (
      transitions.refusalOf(state, request, {
        topic,
        via: 'update',
        isFull: transitions.isFull,
        fixed: PINNED_FIELDS,
        promptId: request.prompt_id!,
      })
    )
      break;
    transitions.accept(state, request, now, request.prompt_id!);
  }
  const running = runningWith(character);
  return { state, carried: { ...state, queue: [running.prompt, ...state.queue], running } };
}

test('a topic at all of its limits at once, with the largest requests, leaves out its oldest outcomes', () => {
  const { carried } = carriedWith(LARGEST);
  expect(jsonBytes(carried.queue[0]?.request)).toBeLessThanOrEqual(limits.MAX_REQUEST_BYTES);
  expect(jsonBytes(carried)).toBeGreaterThan(ONE_PAYLOAD);
  const { outcomes, ...others } = carriable(carried);
  expect(jsonBytes({ state: { ...others, outcomes } })).toBeLessThan(ONE_PAYLOAD);
  expect([others.queue, others.running, others.sessions]).toEqual([carried.queue, carried.running, carried.sessions]);
  expect(outcomes.map(({ turn }) => turn)).toEqual(carried.outcomes.slice(-outcomes.length).map(({ turn }) => turn));
});

describe('a topic at all of its limits at once', () => {
  const { state, carried } = carriedWith(TYPICAL);

  test('fits into one payload', () => {
    expect(carriable(carried)).toBe(carried);
    expect(jsonBytes({ state: carried })).toBeLessThan(ONE_PAYLOAD);
  });

  test('still holds what is promised', () => {
    expect(state.outcomes.at(-1)?.turn).toBe(300);
    expect(state.sessions.at(-1)?.session_id).toBe('ses_39');
    expect(state.refused_ids?.length).toBeGreaterThan(200);
    expect(state.ids.length).toBeGreaterThan(200);
    expect(state.queue.length).toBeGreaterThan(3);
  });
});

test('one outcome, whatever an agent and its checks said, fits into its share', () => {
  const outcome = bounded(outcomeOf(1, 1_000_000));
  expect(jsonBytes(outcome.reply)).toBeLessThanOrEqual(limits.MAX_REPLY_BYTES + 2);
  expect(jsonBytes({ ...outcome, reply: '' })).toBeLessThanOrEqual(limits.MAX_OUTCOME_FACTS_BYTES);
  expect(outcome.checks?.rounds.at(-1)?.ran.at(-1)?.output).not.toBe('');
  expect(outcome.asks?.length).toBeGreaterThan(0);
});

test('what a turn waits for fits into its share, whatever its provider said', () => {
  const because = { code: 'AGENT_RATE_LIMITED', message: bells(1_000_000), fix: bells(1_000_000) } as const;
  expect(jsonBytes(boundedFailure(because))).toBeLessThan(12 * 1024);
});
