import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fail } from '../../../../src/cli/terminal/fail.js';
import { Output } from '../../../../src/cli/terminal/output.js';
import { readPrompt } from '../../../../src/cli/args/read-prompt.js';
import { showResult } from '../../../../src/cli/terminal/show-result.js';
import { SessionError } from '../../../../src/client/session-error.js';
import { ConfigInvalid } from '../../../../src/config.js';
import { failure } from '../../../../src/contract/failures.js';
import type { PromptId, SessionId, TopicId } from '../../../../src/contract/ids.js';
import type { TurnResult } from '../../../../src/contract/types.js';

function streams(json = false) {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') =>
    ({ isTTY: false, write: (text: string) => (written[name] += text) }) as unknown as NodeJS.WriteStream;
  return { written, output: new Output(json, sink('out'), sink('err')) };
}

const result: TurnResult = {
  topic: 'auth' as TopicId,
  prompt_id: 'p-1' as PromptId,
  session_id: 'ses_1' as SessionId,
  session: { kind: 'resumed' },
  status: 'completed',
  reply: 'Done.',
  agent: 'opencode',
  turn: 2,
  attempts: 1,
  started_at: '2026-01-01T00:00:00.000Z',
  duration_ms: 3210,
  usage: { input_tokens: 200, output_tokens: 80, reasoning_tokens: 0, cache_read_tokens: 1000, cache_write_tokens: 0 },
};
const failed: TurnResult = {
  ...result,
  status: 'failed',
  reply: 'So far.',
  error: failure('TURN_STALLED', 'No progress for 15 minutes.'),
};

describe('a turn’s result', () => {
  it('is the reply on stdout and nothing else, with the rest on stderr', () => {
    const { written, output } = streams();
    expect(showResult(result, output)).toBe(0);
    expect(written.out).toBe('Done.\n');
    expect(written.err).toBe(
      'topic auth · session ses_1 (resumed) · turn 2 · 1,200 tokens in, 80 out · 3.2 s · go on: continuity delegate --topic auth "…"\n',
    );
  });

  it('is one JSON document where JSON was asked for', () => {
    const { written, output } = streams(true);
    expect(showResult(failed, output)).toBe(6);
    expect(JSON.parse(written.out)).toEqual(failed);
    expect(written.err).toBe('');
  });

  it('that failed has its code, its fix and its exit code', () => {
    const { written, output } = streams();
    expect(showResult(failed, output)).toBe(6);
    expect(written.out).toBe('So far.\n');
    expect(written.err).toContain(`TURN_STALLED: No progress for 15 minutes.\n${failed.error?.fix}\n`);
  });

  it('that was cancelled ends as Ctrl-C does', () => {
    const { output } = streams();
    expect(showResult({ ...result, status: 'cancelled', reply: '' }, output)).toBe(130);
  });

  it('says why a session was replaced, and how a crash was survived', () => {
    const { written, output } = streams();
    showResult(
      {
        ...result,
        session: { kind: 'replaced', reason: 'lost', replaces: 'ses_0' as SessionId },
        recovered: 'continued',
      },
      output,
    );
    expect(written.err).toContain('session ses_1 (replaced, lost, instead of ses_0)');
    expect(written.err).toContain('continued after a crash');
  });
});

describe('an error', () => {
  it('says what happened and what to do, and ends with the code of its failure', () => {
    const { written, output } = streams();
    expect(fail(new ConfigInvalid(failure('CONFIG_INVALID', 'x must be y.')), output)).toBe(2);
    expect(written).toEqual({
      out: '',
      err: 'CONFIG_INVALID: x must be y.\nCorrect the field that the message names in the config file.\n',
    });
  });

  it('is one JSON document on stdout where JSON was asked for, with the prompt that was accepted', () => {
    const { written, output } = streams(true);
    const refused = new SessionError(failure('NO_WORKER', 'Nobody.'), {
      topic: result.topic,
      prompt_id: result.prompt_id,
    });
    expect(fail(refused, output)).toBe(7);
    expect(JSON.parse(written.out)).toEqual({
      error: failure('NO_WORKER', 'Nobody.'),
      topic: 'auth',
      prompt_id: 'p-1',
    });
    expect(written.err).toBe('');
  });

  it('of our own making is INTERNAL', () => {
    const { written, output } = streams();
    expect(fail(new TypeError('x is not a function'), output)).toBe(1);
    expect(written.err).toMatch(
      /^INTERNAL: Something went wrong in continuity itself: x is not a function\nPlease report it/,
    );
  });
});

describe('the prompt', () => {
  const stdin = (text: string, isTTY = false) =>
    Object.assign(Readable.from([text]), { isTTY }) as unknown as NodeJS.ReadStream;

  it('is the argument', async () => {
    expect(await readPrompt('do it', { stdin: stdin('other') })).toBe('do it');
  });

  it.each([['-'], [undefined]])('is stdin with %s, without the line break at its end', async (argument) => {
    expect(await readPrompt(argument, { stdin: stdin('two\nlines\n') })).toBe('two\nlines');
  });

  it('is asked for where nobody pipes one', async () => {
    await expect(readPrompt(undefined, { stdin: stdin('', true) })).rejects.toThrow(
      'continuity delegate needs a prompt.',
    );
  });

  it('is not read for ever', async () => {
    const endless = (function* () {
      for (;;) yield Buffer.alloc(64 * 1024);
    })();
    const stdin = Object.assign(Readable.from(endless), { isTTY: false }) as unknown as NodeJS.ReadStream;
    await expect(readPrompt('-', { stdin })).rejects.toMatchObject({ failure: { code: 'PROMPT_TOO_LARGE' } });
  });
});
