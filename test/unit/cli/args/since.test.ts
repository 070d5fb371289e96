import { expect, test } from 'vitest';
import { since } from '../../../../src/cli/args/since.js';

test('a time may be longer ago than a date can say', async () => {
  expect(await since('99999999999999999999y', '--since', 'usage')).toEqual(new Date(0));
  const begun = Date.now();
  const twoHoursAgo = (await since('2 hours', '--since', 'usage')).getTime();
  expect(twoHoursAgo).toBeGreaterThanOrEqual(begun - 7_200_000);
  expect(twoHoursAgo).toBeLessThanOrEqual(Date.now() - 7_200_000);
  await expect(since('-1d', '--since', 'usage')).rejects.toThrow(/--since must be a time/);
});
