import { expect, test } from 'vitest';
import { LOOK_AGAIN_MS, Settling } from '../../../../src/agents/turn/settle.js';

/** After how many times `LOOK_AGAIN_MS` a session that looks the same is taken as it is. */
function settlesAfter(prompt: 'absent' | 'present', sent: { puts: number; noted: boolean }): number {
  let now = 0;
  const settling = new Settling(() => now);
  const look = () => settling.isSettled({ fingerprint: 'same', busy: false, prompt }, sent);
  for (; !look(); now += LOOK_AGAIN_MS / 4) if (now > 1000 * LOOK_AGAIN_MS) throw new Error('It never settles.');
  return now / LOOK_AGAIN_MS;
}

test.each([
  ['a prompt that was never sent', 'absent', { puts: 0, noted: false }, 1],
  ['a prompt that is there', 'present', { puts: 0, noted: true }, 1],
  ['a prompt that is there, and was continued once', 'present', { puts: 1, noted: true }, 2],
  ['a prompt that an earlier attempt may have sent, and is missing', 'absent', { puts: 0, noted: true }, 4],
  ['a prompt that this attempt sent, and is missing', 'absent', { puts: 1, noted: false }, 8],
  ['a prompt that it sent twice, and is missing', 'absent', { puts: 2, noted: true }, 16],
] as const)('%s', (_, prompt, sent, times) => {
  expect(settlesAfter(prompt, sent)).toBe(times);
});

test('a session that moves, or in which something works, is not settled', () => {
  let now = 0;
  const settling = new Settling(() => now);
  const look = (fingerprint: string, busy: false | 'this' = false) =>
    settling.isSettled({ fingerprint, busy, prompt: 'present' }, { puts: 0, noted: false });
  look('one');
  now = LOOK_AGAIN_MS;
  expect(look('another')).toBe(false);
  expect(look('another', 'this')).toBe(false);
  now = 2 * LOOK_AGAIN_MS;
  expect(look('another')).toBe(false); // It worked meanwhile.
});
