/** `npm run docs:contract` writes docs/contract.md. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { formattedContract } from './formatted-contract.js';

await writeFile(fileURLToPath(new URL('../docs/contract.md', import.meta.url)), await formattedContract());
