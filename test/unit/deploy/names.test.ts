import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('no page, example or help text has npx ask the registry for the package `continuity`, which is another one', () => {
  const files = execFileSync('git', ['ls-files', '*.md', 'docs', 'examples', 'src', 'bin'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  const strangers = files.filter((file) =>
    /\bnpx["']?,?\s+(\[["'])?(-\S+\s+)*["']?continuity\b|"args": \["continuity"|args = \["continuity"/.test(
      readFileSync(join(ROOT, file), 'utf8'),
    ),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(strangers).toEqual([]);
});
