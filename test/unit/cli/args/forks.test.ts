import { describe, expect, test } from 'vitest';
import { forkOf } from '../../../../src/cli/args/forks.js';

describe('the flags of a fork', () => {
  test('name the new topic, and what its session is a copy of', () => {
    expect(forkOf({})).toBeUndefined();
    expect(forkOf({ topic: 'a', fork: true, as: 'b' })).toEqual({ as: 'b', topic: 'a' });
    expect(forkOf({ session: 's', fork: true, as: 'b', at: 2 })).toEqual({ as: 'b', session_id: 's', at: 2 });
  });

  test.each([
    ['--as without --fork', { as: 'b' }, '--as says something of a copy, and there is no --fork.'],
    ['--at without --fork', { at: 2 }, '--at says something of a copy'],
    ['--fork without --as', { topic: 'a', fork: true }, 'there is no --as'],
    ['--fork of nothing', { fork: true, as: 'b' }, 'neither --topic nor --session'],
    ['a fork into itself', { topic: 'a', fork: true, as: 'a' }, '--as names the one that is copied, a.'],
    ['--at 0', { topic: 'a', fork: true, as: 'b', at: 0 }, '--at takes the number of a turn'],
    ['--new', { topic: 'a', fork: true, as: 'b', new: true }, '--fork and --new exclude each other'],
    ['--adopt', { topic: 'a', fork: true, as: 'b', adopt: true }, '--fork and --adopt exclude each other'],
  ])('%s is refused', (_, flags, message) => {
    expect(() => forkOf(flags)).toThrow(message);
  });
});
