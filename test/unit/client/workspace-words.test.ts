/** What is printed to be copied into a shell does only what it says. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { worktreeLines } from '../../../src/client/workspace-words.js';
import type { TopicId } from '../../../src/contract/ids.js';

test.each(['auth', '$(echo ran)', '`echo ran`', '$HOME', "it's", 'a\\b"c', '-v', 'é 💥'])('topic %s', (topic) => {
  const workspace = { mode: 'worktree', directory: '/d', branch: 'b', base: 'c', from: '/f' } as const;
  const [line = ''] = worktreeLines({ topic: topic as TopicId, session: { kind: 'resumed' }, workspace });
  const [, merge = '', discard = ''] = /continuity merge (.*), or continuity discard (.*)\.$/.exec(line) ?? [];
  for (const word of [merge, discard]) expect(execFileSync('sh', ['-c', `printf %s ${word}`]).toString()).toBe(topic);
});
