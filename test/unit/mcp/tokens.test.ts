/** The count of tokens, against the tokenizers of two models. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { endWithin, roomOf } from '../../../src/mcp/tokens.js';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const someOf = (characters: string, length = 6000) => {
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  return Array.from({ length }, () => [...characters][Math.floor(next() * [...characters].length)]).join('');
};
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const TEXTS: [string, string][] = [
  ['prose', read('CHANGELOG.md')],
  ['source', read('src/mcp/arguments.ts')],
  ['JSON', read('package-lock.json').slice(0, 20_000)],
  ['JSON in a string', JSON.stringify(read('package.json'))],
  ['random letters', someOf(LOWER)],
  ['random words', someOf(`${LOWER}    `)],
  ['capitals', someOf(LOWER.toUpperCase())],
  ['digits', someOf('0123456789')],
  ['a log', someOf('0123456789:.- \n')],
  ['hex', someOf('0123456789abcdef')],
  ['base64', someOf(`${LOWER}${LOWER.toUpperCase()}0123456789+/`)],
  ['signs', someOf('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')],
  ['white space', someOf(' \n\t')],
  ['one letter a word', 'a b c d e f g '.repeat(300)],
  ['German', 'Für größere Änderungen müssen alle Prüfungen über Nacht durchlaufen. '.repeat(50)],
  ['Russian', 'Сессия продолжается после любого сбоя, и ответ не теряется никогда. '.repeat(50)],
  ['Greek', 'Η συνεδρία συνεχίζεται μετά από κάθε διακοπή. '.repeat(50)],
  ['Arabic', 'تستمر الجلسة بعد كل انقطاع ولا يضيع أي جواب. '.repeat(50)],
  ['Hebrew', 'השיחה נמשכת אחרי כל תקלה והתשובה לא הולכת לאיבוד. '.repeat(50)],
  ['Chinese', '会话在任何中断之后继续进行，回复永远不会丢失。'.repeat(50)],
  ['Japanese', 'セッションは中断のあとも続き、返信は決して失われません。'.repeat(50)],
  ['Korean', '세션은 중단된 후에도 계속되며 답변은 사라지지 않습니다. '.repeat(50)],
  ['Hindi', 'सत्र हर रुकावट के बाद जारी रहता है और उत्तर कभी नहीं खोता। '.repeat(50)],
  ['Tamil', 'ஒவ்வொரு தடங்கலுக்குப் பிறகும் அமர்வு தொடர்கிறது. '.repeat(50)],
  ['Thai', 'เซสชันดำเนินต่อไปหลังจากการหยุดชะงักทุกครั้ง '.repeat(50)],
  ['Amharic', 'ክፍለ ጊዜው ከእያንዳንዱ መቋረጥ በኋላ ይቀጥላል። '.repeat(50)],
  ['emoji', '🙂🚀👩‍👩‍👧‍👦🏳️‍🌈✅❌ '.repeat(50)],
  ['boxes', '┌──┬──┐ │ ░▒▓ └──┴──┘ '.repeat(50)],
];

describe.each(TEXTS)('%s', (_, text) => {
  test('has at most as many tokens as are counted, and not much fewer', () => {
    const counted = roomOf(text).tokens;
    const real = Math.max(cl100k(text).length, o200k(text).length);
    expect(real).toBeLessThanOrEqual(counted);
    expect(counted).toBeLessThan(8 * real);
  });
});

test('a part is as long as fits, never ends in the middle of a character, and the parts are the whole', () => {
  const most = fc.record({
    tokens: fc.integer({ min: 5, max: 30 }),
    bytes: fc.integer({ min: 4, max: 60 }),
    lines: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), most, (text, room) => {
      let whole = '';
      for (let at = 0; at < text.length;) {
        const end = endWithin(text, at, room);
        const part = text.slice(at, end);
        expect(part).not.toMatch(/\p{Surrogate}/u);
        const taken = roomOf(part);
        expect(taken.tokens <= room.tokens && taken.bytes <= room.bytes && taken.lines <= room.lines).toBe(true);
        expect(end).toBeGreaterThan(at);
        whole += part;
        at = end;
      }
      expect(whole).toBe(text);
    }),
  );
});
