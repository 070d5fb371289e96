/** The arithmetic of `npm run bench:continuity`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf, PROVIDERS, type Provider } from '../../../bench/continuity/cost.js';
import { directivesFor, promptOf } from '../../../bench/continuity/plan.js';
import { plotOf } from '../../../bench/continuity/plot.js';
import { PromptCache } from '../../../bench/continuity/prompt-cache.js';
import { segmentsOf, type Segment } from '../../../bench/continuity/segments.js';
import { breakEvenOf, rowsOf, skipAt } from '../../../bench/continuity/table.js';

const one = (text: string, tokens: number, byModel = false): Segment => ({ text, tokens, byModel });
const rules = { minimum: 1024, block: 128 };
const provider: Provider = {
  model: 'm',
  ttlMinutes: 5,
  rules: { minimum: 100, block: 1 },
  usd: { input: 2, read: 0.2, write: 4, output: 10 },
};

describe('a cache of prompts', () => {
  test('reads the beginning that it has seen, in whole blocks, and nothing below its minimum', () => {
    const cache = new PromptCache(rules);
    expect(cache.ask([one('tools', 1000), one('system', 100)])).toEqual({ read: 0, fresh: 1100 });
    expect(cache.ask([one('tools', 1000), one('other', 100)])).toEqual({ read: 0, fresh: 1100 });
    expect(cache.ask([one('tools', 1000), one('system', 100), one('a', 50)])).toEqual({ read: 1024, fresh: 126 });
  });

  test('reads nothing after a piece that has changed', () => {
    const cache = new PromptCache({ minimum: 0, block: 1 });
    cache.ask([one('a', 10), one('b', 10), one('c', 10)]);
    expect(cache.ask([one('a', 10), one('x', 10), one('c', 10)])).toEqual({ read: 10, fresh: 20 });
  });

  test('never loses a token, and never reads more than was sent before', () => {
    const segment = fc.record({
      text: fc.constantFrom('a', 'b', 'c'),
      tokens: fc.constant(400),
      byModel: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(segment, { maxLength: 6 }), { maxLength: 6 }), (requests) => {
        const cache = new PromptCache(rules);
        requests.forEach((request, index) => {
          const { read, fresh } = cache.ask(request);
          expect(read + fresh).toBe(request.length * 400);
          expect(read % rules.block).toBe(0);
          if (index === 0) expect(read).toBe(0);
        });
      }),
    );
  });
});

describe('what a request says', () => {
  const count = (text: string) => text.length;
  test('is the same wherever the marks of the cache stand', () => {
    const tools = [{ name: 'Bash' }];
    const marked = { type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } };
    const plain = { type: 'text', text: 'Hello' };
    const body = (content: object) =>
      JSON.stringify({ messages: [{ role: 'user', content: [content] }], system: [plain], tools });
    expect(segmentsOf(body(marked), count)).toEqual(segmentsOf(body(plain), count));
    expect(segmentsOf(body(plain), count).map(({ text }) => text)).toEqual([
      '{"name":"Bash"}',
      '{"type":"text","text":"Hello"}',
      '{"role":"user","content":[{"type":"text","text":"Hello"}]}',
    ]);
  });

  test('is the same in another session, whose messages have other ids', () => {
    const body = (id: string) => JSON.stringify({ input: [{ type: 'message', id, role: 'user', content: 'Hello' }] });
    expect(segmentsOf(body('msg_1'), count)).toEqual(segmentsOf(body('msg_2'), count));
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

test('the cost of a turn counts what is read, written, and said by the model', () => {
  const [system, ask, call, result] = [one('s', 1000), one('q', 10), one('c', 20, true), one('r', 500)];
  const turn = [
    [system, ask],
    [system, ask, call, result],
  ];
  const cold = costOf(turn, [], provider);
  expect(cold).toMatchObject({ requests: 2, input: 1010 + 1530, read: 1010, output: 20 });
  expect(cold.weighted).toBeCloseTo((1010 + 520) * 2 + 1010 * 0.1);
  expect(cold.usd).toBeCloseTo((cold.weighted * 2 + 20 * 10) / 1e6);
  const warm = costOf(turn, [[[system]]], provider);
  expect(warm.weighted).toBeCloseTo((10 + 520) * 2 + (1000 + 1010) * 0.1);
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

  test('reads all files once, and one of them again in a follow-up', () => {
    expect(catsIn({ files: 20, followUp: 0 })).toEqual(paths);
    expect(catsIn({ files: 20, followUp: 3 })).toEqual(['f3.ts']);
  });

  test('has a fresh session read what it may not skip, and then do the same', () => {
    expect(catsIn({ files: 20, followUp: 3, skips: 0 })).toEqual([...paths, 'f3.ts']);
    expect(catsIn({ files: 20, followUp: 3, skips: 80 })).toEqual(['f0.ts', 'f1.ts', 'f2.ts', 'f3.ts', 'f3.ts']);
    expect(catsIn({ files: 20, followUp: 3, skips: 100 })).toEqual(['f3.ts']);
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
  expect(skipAt(1000, points)).toBe('0 %');
  expect(skipAt(600, points)).toBe('25 %');
  expect(skipAt(125, points)).toBe('65 %');
  expect(skipAt(25, points)).toBe('85 %');
  expect(skipAt(1200, points)).toBe('fresh is cheaper anyway');
  expect(
    skipAt(1, [
      [0, 1000],
      [80, 900],
    ]),
  ).toBe('never');
});

test('the table compares a follow-up with the same one in a fresh session, and the picture shows it', () => {
  const system = one('system', 2000);
  const read = one('read', 8000);
  const ask = one('ask', 100);
  const rows = rowsOf([
    { asked: { files: 5, followUp: 0 }, turn: [[system, read]], ms: 1 },
    { asked: { files: 5, followUp: 1 }, turn: [[system, read, ask]], ms: 1000 },
    { asked: { files: 5, followUp: 1, skips: 0 }, turn: [[system, ask, read]], ms: 2000 },
    { asked: { files: 5, followUp: 1, skips: 80 }, turn: [[system, ask]], ms: 2000 },
  ]).filter(({ provider: name }) => name === 'OpenAI');
  expect(rows).toHaveLength(2);
  const [whole] = rows;
  expect(whole?.['warm: tokens']).toBe(Math.round(116 + 9984 * 0.1));
  expect(whole?.['fresh: tokens']).toBe(Math.round(8180 + 1920 * 0.1));
  expect(whole?.['cold: tokens']).toBe(10_100);
  expect(whole?.['cold: part']).toBe('100.0 %');
  expect(breakEvenOf(rows)).toMatchObject([{ files: 5, 'against cold': '0 %' }]);
  expect(plotOf({ opencode: rows }, 'OpenAI')).toMatch(/^<svg[^]*opencode[^]*5 files[^]*<\/svg>\n$/);
});
