/** The branch of a topic: one that git takes, and that no other topic has. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { branchOf } from '../../../src/contract/branch-name.js';

const topics = [
  ...[
    'auth',
    'Auth',
    'auth-feature',
    'feature/auth',
    'feature%2Fauth',
    'größe',
    '主题',
    'a b',
    'a  b',
    'a~b',
    'a^b',
    'a:b',
  ],
  ...['.a', 'a.', 'a..b', 'a.b', 'a.lock', 'a.lock.b', '@', '@{', '-a', 'a?*[b', 'a\\b', "it's", '🦊', '%'],
  ...['x'.repeat(200), `${'x'.repeat(199)}y`, '主'.repeat(200), '🦊'.repeat(90)],
];

test.each(topics)('git takes the branch of topic %s', (topic) => {
  expect(execFileSync('git', ['check-ref-format', '--branch', branchOf(topic)], { encoding: 'utf8' }).trim()).toBe(
    branchOf(topic),
  );
});

test('two topics never have one branch, and no branch is the folder of another', () => {
  const branches = topics.map(branchOf);
  expect(new Set(branches).size).toBe(topics.length);
  expect(branches.every((branch) => branch.split('/').length === 2)).toBe(true);
});

test('a plain topic keeps its name', () => {
  expect(branchOf('auth-feature')).toBe('continuity/auth-feature');
  expect(branchOf('v1.2')).toBe('continuity/v1.2');
});
