/**
 * What the pages promise about themselves: links lead somewhere, the README is short and has the
 * two commands, the package has the pages.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n');
const manifest = JSON.parse(read('package.json')) as { name: string; files: string[]; scripts: Record<string, string> };

const withoutCode = (text: string) =>
  text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''));

/** As GitHub names the anchor of a heading. */
function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replace(/^```[^]*?^```$/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

const linksOf = (page: string) =>
  [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));

test.each(pages)('%s: every link leads to a file that is there, and to a heading that is in it', (page) => {
  const broken = linksOf(page).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path));
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test('every page under docs is reached from the README', () => {
  const reached = new Set<string>();
  const follow = (page: string) => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const link of linksOf(page)) {
      const target = relative(ROOT, resolve(ROOT, dirname(page), link.split('#')[0] ?? ''));
      if (target.endsWith('.md') && existsSync(join(ROOT, target))) follow(target);
    }
  };
  follow('README.md');
  expect(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page) && !page.startsWith('docs/decisions/')),
  ).toEqual([]);
});

test('the README has at most 150 lines, how to install, and the two commands as they run in CI', () => {
  const readme = read('README.md');
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  for (const command of [`npm install ${manifest.name}`, 'npm ci && npm run demo', 'npm ci && npm test'])
    expect(readme).toContain(command);
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(['demo', 'test', 'test:long']));
  expect(read('.ci/run')).toMatch(/^npm ci$[^]*^npm test$/m);
});

test('every file of a page is in the package, and the recording of the terminal is small', () => {
  for (const file of manifest.files.filter((name) => !name.startsWith('dist')))
    expect(existsSync(join(ROOT, file)), file).toBe(true);
  expect(manifest.files).toEqual(expect.arrayContaining(['docs', 'CHANGELOG.md', 'SECURITY.md']));
  expect(statSync(join(ROOT, 'docs/demo.svg')).size).toBeLessThan(150 * 1024);
});
