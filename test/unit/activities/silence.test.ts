import { beforeEach, describe, expect, test } from 'vitest';
import { Silence } from '../../../src/activities/silence.js';

const LIMIT = 100;
let now: number;
let silence: Silence;
beforeEach(() => {
  now = 0;
  silence = new Silence(() => now);
});
const later = (ms: number) => void (now += ms);
/** What an agent reports each second while its tools run. */
function runsFor(ms: number, ...tools: Parameters<Silence['running']>[0]) {
  for (let end = now + ms; now < end; later(1)) silence.running(tools);
  silence.running(tools);
}
const npm = { id: 'a', step: 'bash: npm test' };

describe('A turn is silent', () => {
  test('since the agent last did something', () => {
    later(7);
    expect(silence.ms(LIMIT)).toBe(7);
    silence.break();
    later(3);
    expect(silence.ms(LIMIT)).toBe(3);
  });

  test('not while a tool runs, and again from the limit of the tool on', () => {
    runsFor(LIMIT, npm);
    expect(silence.ms(LIMIT)).toBe(0);
    expect(silence.tooLong(LIMIT)).toBeUndefined();
    runsFor(40, npm);
    expect(silence.ms(LIMIT)).toBe(40);
    expect(silence.tooLong(LIMIT)).toEqual({ step: npm.step, ranMs: 140, limitMs: LIMIT, isOwn: false });
  });

  test("from the agent's own limit on where it has put one on its tool", () => {
    runsFor(50, { ...npm, limit_ms: 20 });
    expect(silence.ms(LIMIT)).toBe(30);
    expect(silence.tooLong(LIMIT)).toMatchObject({ limitMs: 20, isOwn: true });
  });

  test('not while one of several tools is within its limit', () => {
    runsFor(80, npm);
    runsFor(90, npm, { id: 'b', step: 'bash: sleep 1' });
    expect(silence.ms(LIMIT)).toBe(0);
    expect(silence.tooLong(LIMIT)).toMatchObject({ step: npm.step });
  });

  test('although a tool ran, once the agent no longer says that it does: a dead agent is not hidden', () => {
    runsFor(10, npm);
    later(50);
    expect(silence.ms(LIMIT)).toBe(50);
  });

  test('since the end of a tool, of which nothing else was reported', () => {
    runsFor(60, npm);
    silence.running([]);
    later(5);
    expect(silence.ms(LIMIT)).toBe(5);
  });
});
