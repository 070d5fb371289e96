/** What names a topic, before Temporal is asked. */
import { expect, test } from 'vitest';
import { topicIdOf } from '../../../src/client/prompt-of.js';

test.each([['auth-feature'], ['\u{1F600} done'], ['Größe'], ['a" OR 1=1']])('%j names a topic', (topic) => {
  expect(topicIdOf(topic)).toBe(topic);
});

test.each([[''], [' a'], ['a\nb'], ['a'.repeat(201)], [7], ['half \uD83D of a pair'], ['\uDE00 the other half']])(
  '%j names no topic, and is told',
  (topic) => {
    expect(() => topicIdOf(topic)).toThrow(/Field "topic" must be an id/);
  },
);
