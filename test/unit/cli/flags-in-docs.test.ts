/** The pages and the command know the same flags. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/main.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const pages = execFileSync('git', ['ls-files', 'README.md', 'SECURITY.md', 'docs/*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((page) => !page.startsWith('docs/decisions/'));
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const GLOBAL = ['cwd', 'data-dir', 'json', 'help', 'version'];

const flagsOf = new Map(
  await Promise.all(
    Object.entries(COMMANDS).map(
      async ([name, { load }]) => [name, new Set([...Object.keys((await load()).default.flags), ...GLOBAL])] as const,
    ),
  ),
);

test('every flag of a command is on a page', () => {
  const text = pages.map(textOf).join('\n');
  const missing = [...flagsOf].flatMap(([name, flags]) =>
    [...flags].filter((flag) => !new RegExp(`--${flag}(?![\\w-])`).test(text)).map((flag) => `${name} --${flag}`),
  );
  expect(missing).toEqual([]);
});

test.each(pages)('%s: every flag that it gives to a command exists', (page) => {
  const unknown = [...textOf(page).matchAll(/continuity (\w+)((?:\\\n|[^\n`|;#])*)/g)].flatMap(
    ([, name = '', rest = '']) => {
      const flags = flagsOf.get(name);
      // What follows the Inspector's own command line belongs to the Inspector.
      if (!flags || rest.includes('--method')) return [];
      return [...rest.replace(/'[^']*'|"[^"]*"/g, '').matchAll(/(?<=\s)--([a-z-]+)/g)]
        .map(([, flag = '']) => flag)
        .filter((flag) => !flags.has(flag))
        .map((flag) => `${name} --${flag}`);
    },
  );
  expect(unknown).toEqual([]);
});
