/** docs/contract.md against the contract. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { MADE_BY } from '../../../scripts/contract-table.js';
import { formattedContract } from '../../../scripts/formatted-contract.js';

test('the page is what the code says', async () => {
  const page = await readFile(new URL('../../../docs/contract.md', import.meta.url), 'utf8');
  const made = await formattedContract();
  expect(page === made, `docs/contract.md is stale. Run: ${MADE_BY}`).toBe(true);
});
