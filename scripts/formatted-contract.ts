/** docs/contract.md, as Prettier has it. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { contractTable } from './contract-table.js';

export async function formattedContract(): Promise<string> {
  const path = fileURLToPath(new URL('../docs/contract.md', import.meta.url));
  return format(contractTable(), { ...(await resolveConfig(path)), parser: 'markdown' });
}
