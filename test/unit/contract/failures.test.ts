import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAILURES } from '../../../src/contract/failures.js';

test('every code has a heading in docs/failures.md, and every heading a code', () => {
  const page = readFileSync(new URL('../../../docs/failures.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);
  expect(headings.sort()).toEqual(Object.keys(FAILURES).sort());
});
