import { expect, test } from 'vitest';
import { kindOf } from '../../../src/activities/resolve.js';
import type { AgentConfig } from '../../../src/config.js';

test('two ACP agents are two kinds, because they are different programs; names of one other kind are one', () => {
  const acp: AgentConfig = { kind: 'acp', command: ['x'] };
  expect(kindOf('gemini', acp)).not.toBe(kindOf('goose', acp));
  expect(kindOf('codex', { kind: 'codex' })).toBe(kindOf('careful', { kind: 'codex', mode: 'read-only' }));
});
