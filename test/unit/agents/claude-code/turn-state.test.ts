import { describe, expect, it } from 'vitest';
import { endOf, saidIn } from '../../../../src/agents/claude-code/outcome.js';
import { rowsIn, type Row } from '../../../../src/agents/claude-code/rows.js';
import { asPut, turnStateOf, type Phase } from '../../../../src/agents/claude-code/turn-state.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { answer, apiError, attachment, calls, chained, KEY, LATER, note, NUDGE, prompt, result, says } from './rows.js';

const SESSION = 'session' as SessionId;
const asked = prompt('Do it');
const INTERRUPTED = note('i', '[Request interrupted by user for tool use]', {});
const SILENT = '[Your previous response had no visible output. Please continue and produce a user-visible response.]';

describe('what became of a prompt is read from the rows after it:', () => {
  const cases: [string, Row[], Phase][] = [
    ['nothing yet', [], 'interrupted'],
    ['what surrounds the prompt', [attachment('a'), { type: 'system', uuid: 's' }], 'interrupted'],
    ['an answer', [answer('1', [says('Done.')])], 'ended'],
    ['an answer that ends at a word', [answer('1', [says('Done.')], 'stop_sequence')], 'ended'],
    ['a reason to end that is not known yet', [answer('1', [says('Done.')], 'some_new_reason')], 'ended'],
    ['an answer that says no reason', [answer('1', [says('Do')], null)], 'interrupted'],
    ['a pause of the model', [answer('1', [says('Wait')], 'pause_turn')], 'interrupted'],
    ['a call without a result', [answer('1', [calls('t')], 'tool_use')], 'interrupted'],
    [
      'two calls, one with a result',
      [
        answer('1', [calls('t')], 'tool_use', { id: 'm' }),
        answer('2', [calls('u')], 'tool_use', { id: 'm' }),
        result('3', 't'),
      ],
      'interrupted',
    ],
    ['a result that the model has not seen', [answer('1', [calls('t')], 'tool_use'), result('2', 't')], 'interrupted'],
    [
      'a call of an answer whose last row says that it ended',
      [answer('1', [says('So')], 'end_turn', { id: 'm' }), answer('2', [calls('t')], 'end_turn', { id: 'm' })],
      'interrupted',
    ],
    ['an answer whose call was cut off', [answer('1', [says('I look')], 'tool_use')], 'mute'],
    ['an answer that reached its limit', [answer('1', [says('part')], 'max_tokens')], 'mute'],
    [
      'the wish for the rest of it',
      [answer('1', [says('part')], 'max_tokens'), note('2', 'Output token limit hit. Resume directly')],
      'mute',
    ],
    ['thoughts without their answer', [answer('1', [{ type: 'thinking' }])], 'mute'],
    ['the summary of a compaction', [note('1', 'This session is being continued', { isCompactSummary: true })], 'mute'],
    ['a note that an answer had nothing in it', [note('1', SILENT)], 'mute'],
    [
      'what the program says of itself',
      [
        answer('1', [says('No response requested.')], 'stop_sequence', {
          message: { model: '<synthetic>', content: [says('No response requested.')] },
        }),
      ],
      'interrupted',
    ],
    [
      'our nudge',
      [note('1', 'part', { isMeta: true }), note(NUDGE, 'Continue from where you left off.', {})],
      'interrupted',
    ],
    [
      'the answer to our nudge',
      [note(NUDGE, 'Continue from where you left off.', {}), answer('1', [says('Done.')])],
      'ended',
    ],
    ['an interruption', [answer('1', [calls('t')], 'tool_use'), result('2', 't'), INTERRUPTED], 'cancelled'],
    ['an error of the provider', [apiError('1', 'API Error: 400')], 'error'],
    [
      'a limit of steps',
      [answer('1', [calls('t')], 'tool_use'), result('2', 't'), attachment('3', 'max_turns_reached')],
      'error',
    ],
    ['what a sub-agent did', [{ ...answer('1', [says('Counted.')]), isSidechain: true }], 'interrupted'],
  ];
  it.each(cases)('%s', (_, turn, phase) => {
    expect(turnStateOf(chained(asked, ...turn), KEY)).toMatchObject({ phase, superseded: false, text: 'Do it' });
  });

  it('a prompt that is not there', () => {
    expect(turnStateOf(chained(prompt('Else', LATER)), KEY)).toMatchObject({ phase: 'absent', lastPrompt: LATER });
    expect(turnStateOf([], KEY)).toMatchObject({ phase: 'absent' });
  });

  it('the last prompt, where none is asked for', () => {
    expect(turnStateOf(chained(asked, answer('1', [says('Done.')]), prompt('Else', LATER)))).toMatchObject({
      phase: 'interrupted',
      lastPrompt: LATER,
      text: 'Else',
    });
  });

  it('a later prompt ends the turn, and nothing after it belongs to it', () => {
    const rows = chained(
      asked,
      answer('1', [calls('t')], 'tool_use'),
      prompt('Else', LATER),
      answer('2', [says('Other.')]),
    );
    expect(turnStateOf(rows, KEY)).toMatchObject({ phase: 'interrupted', superseded: true });
    expect(turnStateOf(rows, KEY).turn.map(({ uuid }) => uuid)).toEqual(['1']);
  });

  it('a prompt of ours is one whatever it says, and its answer is not that of the turn before', () => {
    const said = '[Request interrupted by user] Go on';
    const rows = chained(asked, answer('1', [says('Done.')]), prompt(said, LATER), answer('2', [says('Other.')]));
    const before = turnStateOf(rows, KEY);
    expect(before).toMatchObject({ phase: 'ended', superseded: true, lastPrompt: LATER });
    expect(saidIn(before, []).reply).toBe('Done.');
    expect(turnStateOf(rows.slice(0, 3), LATER)).toMatchObject({ phase: 'interrupted', text: said });
  });

  it('what another program of the agent puts in is no prompt', () => {
    const rows = chained(
      asked,
      answer('1', [says('Done.')]),
      note('2', '<task-notification>', { origin: { kind: 'task-notification' } }),
      answer('3', [says('Noted.')]),
    );
    expect(turnStateOf(rows, KEY)).toMatchObject({ phase: 'ended', superseded: false });
  });

  it('a compaction cuts the chain, and the turn goes on over it', () => {
    const rows = [
      asked,
      { ...answer('1', [calls('t')], 'tool_use'), parentUuid: KEY },
      { ...result('2', 't'), parentUuid: '1' },
      { type: 'system', subtype: 'compact_boundary', uuid: '3', parentUuid: null, logicalParentUuid: '2' },
      { ...note('4', 'Summary', { isCompactSummary: true }), parentUuid: '3' },
      { ...answer('5', [says('Done.')]), parentUuid: '4' },
    ];
    const state = turnStateOf(rows, KEY);
    expect(state).toMatchObject({ phase: 'ended', superseded: false });
    expect(saidIn(state, []).compacted).toBe(1);
    expect(saidIn(turnStateOf(rows.slice(0, 3), KEY), [])).not.toHaveProperty('compacted');
  });

  it('a session that went on from before the prompt has left it behind, ended or not', () => {
    const before = [prompt('First', 'f'), answer('1', [says('First.')])];
    const fork = { ...prompt('Typed by a person', 'p'), parentUuid: '1' };
    expect(turnStateOf([...chained(...before, asked), fork], KEY)).toMatchObject({
      phase: 'interrupted',
      superseded: true,
    });
    const ended = turnStateOf([...chained(...before, asked, answer('2', [says('Done.')])), fork], KEY);
    expect(ended).toMatchObject({ phase: 'ended', superseded: true });
    expect(saidIn(ended, []).reply).toBe('Done.');
  });

  it('a chain that bites its tail is read once', () => {
    expect(
      turnStateOf(
        [
          { ...asked, parentUuid: '1' },
          { ...answer('1', [says('Done.')]), parentUuid: KEY },
        ],
        KEY,
      ).phase,
    ).toBe('ended');
  });

  it('anything that changes in the turn changes its fingerprint', () => {
    const steps = [
      [],
      [answer('1', [calls('t')], 'tool_use')],
      [answer('1', [calls('t')], 'tool_use'), result('2', 't')],
    ];
    expect(new Set(steps.map((turn) => turnStateOf(chained(asked, ...turn), KEY).fingerprint)).size).toBe(3);
  });
});

describe('how a turn ended:', () => {
  const endOfTurn = (turn: Row[], silent = false) => endOf(turnStateOf(chained(asked, ...turn), KEY), SESSION, silent);

  it.each<[string, Row[], object | undefined]>([
    ['an answer', [answer('1', [says('Done.')])], { status: 'completed' }],
    [
      'a refusal of the model',
      [answer('1', [says('part')], 'refusal')],
      { status: 'failed', error: { code: 'REPLY_CUT_OFF' } },
    ],
    [
      'a full context',
      [answer('1', [says('part')], 'model_context_window_exceeded')],
      { status: 'failed', error: { code: 'CONTEXT_OVERFLOW' } },
    ],
    ['an interruption', [INTERRUPTED], { status: 'cancelled' }],
    [
      'no login',
      [apiError('1', 'Not logged in · Please run /login', { error: 'authentication_failed' })],
      { error: { code: 'AGENT_AUTH' } },
    ],
    [
      'a login that is refused',
      [apiError('1', 'Failed to authenticate. API Error: 401', { apiErrorStatus: 401 })],
      { error: { code: 'AGENT_AUTH' } },
    ],
    [
      'a limit of use',
      [apiError('1', 'API Error: Request rejected (429)', { error: 'rate_limit', apiErrorStatus: 429 })],
      { error: { code: 'AGENT_RATE_LIMITED' } },
    ],
    [
      'a limit of a subscription',
      [
        apiError('1', "You've hit your 5-hour limit · resets 3:59pm (UTC)", {
          error: 'rate_limit',
          quotaLimits: { resetsAt: 1795967969 },
        }),
      ],
      { error: { code: 'AGENT_RATE_LIMITED' }, until: '2026-11-29T15:59:29.000Z' },
    ],
    [
      'a limit of spending',
      [
        apiError(
          '1',
          'API Error: 400 You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
          { error: 'invalid_request', apiErrorStatus: 400 },
        ),
      ],
      { error: { code: 'AGENT_RATE_LIMITED' }, until: '2026-12-01T00:00:00.000Z' },
    ],
    [
      'an empty account',
      [apiError('1', 'Credit balance is too low', { error: 'billing_error', apiErrorStatus: 400 })],
      { error: { code: 'AGENT_RATE_LIMITED' } },
    ],
    [
      'a limit that is refused like a login',
      [
        apiError('1', 'Failed to authenticate. API Error: 403 Usage limit reached.', {
          error: 'authentication_failed',
          apiErrorStatus: 403,
        }),
      ],
      { error: { code: 'AGENT_RATE_LIMITED' } },
    ],
    [
      'a provider that is overloaded',
      [apiError('1', 'API Error: 529 Overloaded', { error: 'server_error', apiErrorStatus: 529 })],
      { error: { code: 'AGENT_RATE_LIMITED' } },
    ],
    [
      'a provider with trouble',
      [apiError('1', 'API Error: 500 Oh', { error: 'server_error', apiErrorStatus: 500 })],
      { error: { code: 'MODEL_FAILED' } },
    ],
    [
      'no network',
      [apiError('1', 'API Error: Unable to connect to API (ConnectionRefused)', { error: 'unknown' })],
      { error: { code: 'PROVIDER_UNREACHABLE' } },
    ],
    [
      'a prompt that is too long',
      [apiError('1', 'Prompt is too long · the request is ~210000 tokens', { apiErrorStatus: 400 })],
      { error: { code: 'CONTEXT_OVERFLOW' } },
    ],
    [
      'a session that the provider refuses',
      [
        apiError('1', 'API Error: 400', {
          apiErrorStatus: 400,
          errorDetails: 'messages.3: `tool_use` ids must be unique',
        }),
      ],
      { error: { code: 'SESSION_CORRUPTED' } },
    ],
    [
      'trouble of the provider',
      [apiError('1', 'API Error: 500', { apiErrorStatus: 500 })],
      { error: { code: 'MODEL_FAILED', message: expect.stringContaining('HTTP 500') as string } },
    ],
    ['a call without a result', [answer('1', [calls('t')], 'tool_use')], undefined],
    ['silence', [note('1', SILENT)], undefined],
  ])('%s', (_, turn, end) => {
    if (end) expect(endOfTurn(turn)).toMatchObject(end);
    else expect(endOfTurn(turn)).toBeUndefined();
  });

  it('silence of which the program has said that it is the end', () => {
    expect(endOfTurn([note('1', SILENT)], true)).toMatchObject({ status: 'failed', error: { code: 'EMPTY_REPLY' } });
    expect(endOfTurn([answer('0', [says('Something.')]), note('1', SILENT)], true)).toEqual({ status: 'completed' });
  });

  it('the reply is all text after the last result, or the last before it', () => {
    const work = [
      answer('1', [says('I look.')], 'tool_use', { id: 'm' }),
      answer('2', [calls('t')], 'tool_use', { id: 'm' }),
      result('3', 't'),
    ];
    const replyOf = (...turn: Row[]) => saidIn(turnStateOf(chained(asked, ...turn), KEY), []).reply;
    expect(
      replyOf(...work, answer('4', [says('One.')], 'max_tokens'), note('5', 'Resume'), answer('6', [says('Two.')])),
    ).toBe('One.\n\nTwo.');
    expect(replyOf(...work, apiError('4', 'API Error: 500'))).toBe('I look.');
  });

  it('the tokens of an answer count once, also of one that a resume has left behind, and those of sub-agents', () => {
    const rows = [
      ...chained(
        asked,
        answer('1', [says('I look.')], 'tool_use', { id: 'm' }),
        answer('2', [calls('t')], 'tool_use', { id: 'm' }),
      ),
      { ...answer('left', [says('Torn')], null), parentUuid: KEY },
      { ...result('3', 't'), parentUuid: '2' },
      { ...answer('4', [says('Done.')]), parentUuid: '3' },
      { ...prompt('Else', LATER), parentUuid: '4' },
      { ...answer('5', [says('Other.')]), parentUuid: LATER },
    ];
    const { usage, model } = saidIn(turnStateOf(rows, KEY), [answer('s', [says('Counted.')])]);
    expect(usage).toMatchObject({ input_tokens: 40, output_tokens: 8 });
    expect(model).toBe('scripted');
  });
});

describe('the text of a prompt', () => {
  it('that would be a command is put in with a space, and read without it', () => {
    for (const text of ['/clear', ' /clear', '   /clear now', 'no /command', '', ' ', '\n/x']) {
      expect(turnStateOf(chained(prompt(asPut(text))), KEY).text).toBe(text);
    }
    expect(asPut('/clear')).toBe(' /clear');
  });
});

describe('the file of a session', () => {
  it('is read without lines that were cut off, and without requests', () => {
    const lines = [
      JSON.stringify(asked),
      '{"type":"api-request","uuid":"x"}',
      '{"type":"last-prompt"}',
      'null',
      '{"type":"assistant","uuid":"1","mess',
    ];
    expect(rowsIn(lines.join('\n')).map(({ uuid }) => uuid)).toEqual([KEY]);
  });
});
