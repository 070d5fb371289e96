import { expect, expectTypeOf, it } from 'vitest';
import { defined } from '../../../src/contract/defined.js';

it('a field that is undefined is left out, and nothing else is', () => {
  const unknown = undefined as string | undefined;
  expect(Object.entries(defined({ b: 0, model: unknown, a: '', c: null, d: false }))).toEqual([
    ['b', 0],
    ['a', ''],
    ['c', null],
    ['d', false],
  ]);
});

it('what can be undefined becomes optional, and is never undefined where it is there', () => {
  const given: { model?: string | undefined; cwd: string } = { cwd: '/p' };
  const said: { model?: string; cwd: string } = defined(given);
  expect(said).toEqual({ cwd: '/p' });
  expectTypeOf(defined(given)['model']).toEqualTypeOf<string | undefined>();
});
