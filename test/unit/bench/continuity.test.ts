/** The arithmetic of `npm run bench:continuity`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf, PROVIDERS, type Provider } from '../../../bench/continuity/cost.js';
import { joined, keptRun, runOf, type Measured, type Run } from '../../../bench/continuity/measured.js';
import { markdownOf } from '../../../bench/continuity/markdown.js';
import { partsOf } from '../../../bench/continuity/parts.js';
import { directivesFor, DONE, promptOf, type Case } from '../../../bench/continuity/plan.js';
import { plotOf } from '../../../bench/continuity/plot.js';
import { PromptCache } from '../../../bench/continuity/prompt-cache.js';
import { segmentsOf, type Segment } from '../../../bench/continuity/segments.js';
import { breakEvenOf, rowsOf, skipAt } from '../../../bench/continuity/table.js';
import { scaledTurns, wallTimesOf } from '../../../bench/continuity/times.js';

const one = (text: string, tokens: number, byModel = false): Segment => ({ text, tokens, byModel });
const rules = { minimum: 1024, block: 128 };
const provider: Provider = {
  wire: 'openai',
  model: 'm',
  asOf: '2026-01',
  ttlMinutes: 5,
  rules: { minimum: 100, block: 1 },
  usd: { input: 2, read: 0.2, write: 4, output: 10 },
};

describe('a cache of prompts', () => {
  test('reads the beginning that it has seen, in whole blocks, and nothing below its minimum', () => {
    const cache = new PromptCache(rules);
    expect(cache.ask([one('tools', 1000), one('system', 100)])).toEqual({ read: 0, written: 1100, plain: 0 });
    expect(cache.ask([one('tools', 1000), one('other', 100)])).toEqual({ read: 0, written: 1100, plain: 0 });
    expect(cache.ask([one('tools', 1000), one('system', 100), one('a', 50)])).toEqual({
      read: 1024,
      written: 126,
      plain: 0,
    });
  });

  test('reads nothing after a piece that has changed', () => {
    const cache = new PromptCache({ minimum: 0, block: 1 });
    cache.ask([one('a', 10), one('b', 10), one('c', 10)]);
    expect(cache.ask([one('a', 10), one('x', 10), one('c', 10)])).toEqual({ read: 10, written: 20, plain: 0 });
  });

  test('never loses a token, and never reads more than was sent before', () => {
    const segment = fc.record({
      text: fc.constantFrom('a', 'b', 'c'),
      tokens: fc.constant(400),
      byModel: fc.boolean(),
      marked: fc.constantFrom(true as const, undefined).map((marked) => marked as true),
    });
    const requests = fc.array(fc.array(segment, { maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(requests, fc.boolean(), (asked, needsMarks) => {
        const cache = new PromptCache(needsMarks ? { ...rules, lookBack: 3 } : rules);
        asked.forEach((request, index) => {
          const { read, written, plain } = cache.ask(request);
          expect(read + written + plain).toBe(request.length * 400);
          expect(Math.min(read, written, plain)).toBeGreaterThanOrEqual(0);
          expect(read % rules.block).toBe(0);
          if (index === 0) expect(read).toBe(0);
        });
      }),
    );
  });

  describe('that keeps only what is marked', () => {
    const marked = (text: string, tokens: number): Segment => ({ ...one(text, tokens), marked: true });
    const cached = () => new PromptCache({ minimum: 10, block: 1, lookBack: 2 });

    test('keeps nothing of a request without marks', () => {
      const cache = cached();
      expect(cache.ask([one('a', 10), one('b', 10)])).toEqual({ read: 0, written: 0, plain: 20 });
      expect(cache.ask([one('a', 10), marked('b', 10)])).toEqual({ read: 0, written: 20, plain: 0 });
    });

    test('keeps nothing after the last mark', () => {
      const cache = cached();
      expect(cache.ask([marked('a', 10), one('b', 10)])).toEqual({ read: 0, written: 10, plain: 10 });
      expect(cache.ask([one('a', 10), marked('b', 10)])).toEqual({ read: 10, written: 10, plain: 0 });
    });

    test('finds what was marked only so far back', () => {
      const cache = cached();
      cache.ask([marked('a', 10)]);
      expect(cache.ask([one('a', 10), one('b', 10), marked('c', 10)])).toEqual({ read: 0, written: 30, plain: 0 });
      expect(cache.ask([one('a', 10), marked('d', 10)])).toEqual({ read: 10, written: 10, plain: 0 });
    });
  });
});

describe('what a request says', () => {
  const count = (text: string) => text.length;
  const mark = { cache_control: { type: 'ephemeral' } };
  const hello = { type: 'text', text: 'Hello' };
  const unmarked = (segments: Segment[]) => segments.map(({ marked: _, ...segment }) => segment);

  test('is the same wherever the marks of the cache stand, and tells where they do', () => {
    const tools = [{ name: 'Bash' }];
    const segments = (content: object) =>
      segmentsOf(JSON.stringify({ messages: [{ role: 'user', content: [content] }], system: [hello], tools }), count);
    expect(unmarked(segments({ ...hello, ...mark }))).toEqual(segments(hello));
    expect(segments({ ...hello, ...mark }).map(({ marked }) => marked)).toEqual([undefined, undefined, true]);
    expect(segments(hello).map(({ text }) => text)).toEqual([
      '{"name":"Bash"}',
      '{"type":"text","text":"Hello"}',
      '{"role":"user","content":{"type":"text","text":"Hello"}}',
    ]);
  });

  test('is the same as a text and as a list with this text', () => {
    const segments = (content: unknown) =>
      segmentsOf(JSON.stringify({ system: content, messages: [{ role: 'user', content }] }), count);
    expect(segments('Hello')).toEqual(segments([hello]));
  });

  test('has a piece for each block of a message, because each can be marked', () => {
    const content = [hello, { type: 'text', text: 'And', ...mark }];
    const body = JSON.stringify({ messages: [{ role: 'user', content }] });
    expect(segmentsOf(body, count).map(({ marked }) => marked)).toEqual([undefined, true]);
  });

  test('is the same in another session, whose messages have other ids', () => {
    const body = (id: string) => JSON.stringify({ input: [{ type: 'message', id, role: 'user', content: 'Hello' }] });
    expect(segmentsOf(body('msg_1'), count)).toEqual(segmentsOf(body('msg_2'), count));
  });

  test('does not have the line in which Claude Code names its version', () => {
    const billing = { type: 'text', text: 'x-anthropic-billing-header: cc_version=1' };
    expect(segmentsOf(JSON.stringify({ system: [billing, hello] }), count)).toHaveLength(1);
  });

  test('is told from what the model said, in each API', () => {
    const chat = {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    };
    const responses = { instructions: 'i', input: [{ type: 'function_call', name: 'shell' }, { role: 'user' }] };
    expect(segmentsOf(JSON.stringify(chat), count).map(({ byModel }) => byModel)).toEqual([false, true]);
    expect(segmentsOf(JSON.stringify(responses), count).map(({ byModel }) => byModel)).toEqual([false, true, false]);
  });
});

describe('the cost of a turn', () => {
  const [system, ask, call, result] = [one('s', 1000), one('q', 10), one('c', 20, true), one('r', 500)];
  const turn = [
    [system, ask],
    [system, ask, call, result],
  ];

  test('counts what is read, written, and said by the model', () => {
    const cold = costOf(turn, [], provider);
    expect(cold).toMatchObject({ requests: 2, input: 1010 + 1530, read: 1010, output: 20 });
    expect(cold.weighted).toBeCloseTo((1010 + 520) * 2 + 1010 * 0.1);
    expect(cold.usd).toBeCloseTo((cold.weighted * 2 + 20 * 10) / 1e6);
    const warm = costOf(turn, [[[system]]], provider);
    expect(warm.weighted).toBeCloseTo((10 + 520) * 2 + (1000 + 1010) * 0.1);
  });

  test('counts once what an agent does not ask to cache', () => {
    const marks = { ...provider, rules: { ...provider.rules, lookBack: 20 } };
    expect(costOf(turn, [], marks)).toMatchObject({ read: 0, written: 0, plain: 2540, weighted: 2540 });
  });
});

test('every provider has a price for each kind of token, and reading costs least', () => {
  for (const { usd } of Object.values(PROVIDERS)) {
    expect(Object.values(usd).every((price) => price > 0)).toBe(true);
    expect(usd.read).toBeLessThan(usd.input);
    expect(usd.write).toBeGreaterThanOrEqual(usd.input);
  }
});

describe('the plan', () => {
  const paths = Array.from({ length: 20 }, (_, n) => `f${n}.ts`);
  const catsIn = (asked: Parameters<typeof promptOf>[0]) =>
    [...directivesFor(promptOf(asked), paths).matchAll(/cat (\S+)\]\]/g)].map(([, path]) => path);

  test('reads all files once, and none of them again in a follow-up', () => {
    expect(catsIn({ files: 20, followUp: 0 })).toEqual(paths);
    expect(catsIn({ files: 20, followUp: 3 })).toEqual([]);
    expect(catsIn({ files: 20, followUp: 3, rereads: true })).toEqual(['f3.ts']);
  });

  test('has a fresh session read what it may not skip and what it changes, and then do the same', () => {
    expect(catsIn({ files: 20, followUp: 3, skips: 0 })).toEqual(paths);
    expect(catsIn({ files: 20, followUp: 3, skips: 80 })).toEqual(['f0.ts', 'f1.ts', 'f2.ts', 'f3.ts']);
    expect(catsIn({ files: 20, followUp: 5, skips: 80 })).toEqual(['f0.ts', 'f1.ts', 'f2.ts', 'f3.ts', 'f5.ts']);
    expect(catsIn({ files: 20, followUp: 3, skips: 100 })).toEqual(['f3.ts']);
    expect(catsIn({ files: 20, followUp: 3, skips: 80, rereads: true })).toHaveLength(5);
  });

  test('has nothing to say to another prompt', () => {
    expect(directivesFor('Summarize this conversation', paths)).toBe('');
  });
});

test('a fresh session breaks even where it has skipped enough', () => {
  const points: [number, number][] = [
    [0, 1000],
    [50, 200],
    [80, 50],
  ];
  expect(skipAt(1000, points)).toBe(0);
  expect(skipAt(600, points)).toBe(25);
  expect(skipAt(125, points)).toBe(65);
  expect(skipAt(25, points)).toBe(85);
  expect(skipAt(1200, points)).toBeLessThan(0);
  expect(
    skipAt(1, [
      [0, 1000],
      [80, 900],
    ]),
  ).toBeGreaterThan(100);
});

describe('the figures of a run', () => {
  const [system, read, ask] = [one('system', 2000), one('read', 8000), one('ask', 100)];
  const of = (asked: Case, request: Segment[]): Measured => ({ asked, turn: [request], firstMs: 1, ms: 2 });
  const measured = [
    of({ files: 5, followUp: 0 }, [system, read]),
    of({ files: 5, followUp: 1 }, [system, read, ask]),
    of({ files: 5, followUp: 1, skips: 0 }, [system, ask, read]),
    of({ files: 5, followUp: 1, skips: 80 }, [system, ask]),
  ];
  const name = 'OpenAI, 2025';
  const rows = rowsOf('openai', measured).filter((row) => row.provider === name);

  test('compare a follow-up with the same one in a fresh session', () => {
    expect(rows).toHaveLength(2);
    const [whole] = rows;
    expect(whole?.['warm: tokens']).toBe(Math.round(116 + 9984 * 0.1));
    expect(whole?.['fresh: tokens']).toBe(Math.round(8180 + 1920 * 0.1));
    expect(whole?.['cold: tokens']).toBe(10_100);
    expect(whole?.['cold: part']).toBe('100.0 %');
    expect(breakEvenOf(rows)).toMatchObject([{ files: 5, 'against cold': '0 %' }]);
  });

  test('have only the prices of those who have the API', () => {
    expect(new Set(rowsOf('openai', measured).map(({ provider: by }) => by))).toEqual(new Set(['OpenAI', name]));
  });

  test('say what the cost consists of', () => {
    const [warm, cold, fresh] = partsOf(name, 5, 1, measured);
    expect(warm).toMatchObject({ turn: 'warm', requests: 1, 'written into it': 116, 'not cached': 0, missed: 16 });
    expect(cold).toMatchObject({ turn: 'cold', 'read from the cache': 0, 'written into it': 10_100, missed: 0 });
    expect(fresh).toMatchObject({ turn: 'fresh', 'written into it': 8180, missed: 80 });
  });

  test('are drawn, with the break-even below', () => {
    const svg = plotOf({ codex: rows });
    expect(svg).toMatch(/^<svg[^]*codex[^]*5 files[^]*Break-even[^]*<\/svg>\n$/);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('are a table in the docs, with a line for each follow-up', () => {
    const [head, , line, ...more] = markdownOf(rows).split('\n');
    expect(head).toContain('| fresh leaves out 80 %: warm, cold |');
    expect(line).toMatch(/^\| 5 files \| 1 \| [\d.]+ % \| 100.0 % \| [\d.]+ %, [\d.]+ % \| \d+ %, 0 % \|$/);
    expect(more).toEqual([]);
  });

  test('can be made again from a kept run', () => {
    const marked: Measured = { ...measured[0], turn: [[{ ...system, marked: true }]] } as Measured;
    const run: Run = { codex: { wire: 'openai', measured: [...measured, marked] } };
    expect(runOf(keptRun(run))).toEqual(run);
  });

  test('of several kept runs stand in the order of their files', () => {
    const run = (files: number): Run => ({
      codex: { wire: 'openai', measured: measured.map((one) => ({ ...one, asked: { ...one.asked, files } })) },
    });
    const files = joined([run(60), run(5), run(20)])['codex']?.measured.map(({ asked }) => asked.files);
    expect(files).toEqual([5, 20, 60].flatMap((count) => Array<number>(4).fill(count)));
  });

  test('say what a longer follow-up costs', () => {
    const [whole] = rows;
    const [warm, fresh] = [116 + 9984 * 0.1, 8180 + 1920 * 0.1].map((tokens) => tokens + 10 * 10_100 * 0.1) as [
      number,
      number,
    ];
    expect(whole?.['warm, 10 requests more: part']).toBe(`${((100 * warm) / fresh).toFixed(1)} %`);
  });

  test('have the time that a person waits for', () => {
    expect(wallTimesOf(measured)).toEqual([
      {
        files: 5,
        'follow-up': 1,
        'continued: first request, s': 0,
        'continued: end, s': 0,
        'fresh: first request, s': 0,
        'fresh: end, s': 0,
      },
    ]);
  });
});

describe('for a real model', () => {
  const words = (text: string) => text.split(' ');
  const [tools, task, call, result] = [one('t t t t', 4), one('a a', 2), one('c c', 2, true), one('r r r r', 4)];
  const at = (asked: Case, turn: Segment[][]): Measured => ({ asked, turn, firstMs: 1, ms: 2 });
  const measured = [
    at({ files: 5, followUp: 0 }, [[tools, task]]),
    at({ files: 5, followUp: 1 }, [
      [tools, task],
      [tools, task, call, result],
    ]),
    at({ files: 5, followUp: 1, skips: 0 }, [[tools, result]]),
  ];

  test('all texts are shortened alike, and a request begins with what was read and answered before', () => {
    const { scale, before, continued, fresh } = scaledTurns({ files: 5, followUp: 1 }, measured, 6, words);
    expect(scale).toBe(0.5);
    expect(before).toEqual(['t', 't', 'a']);
    expect(continued.map(({ prompt }) => prompt)).toEqual([
      ['t', 't', 'a'],
      ['t', 't', 'a', 'c', 'r', 'r'],
    ]);
    expect(continued[0]?.answer).toEqual(['c']);
    expect(continued[1]?.answer.length).toBe(Math.ceil(words(DONE).length / 2));
    expect(fresh.map(({ prompt }) => prompt)).toEqual([['t', 't', 'r', 'r']]);
  });

  test('a conversation that is short enough is not shortened', () => {
    expect(scaledTurns({ files: 5, followUp: 1 }, measured, 1000, words).scale).toBe(1);
  });
});
