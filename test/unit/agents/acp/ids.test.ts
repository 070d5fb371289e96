import { expect, test } from 'vitest';
import { keyOf, storeOf } from '../../../../src/agents/acp/ids.js';
import type { SessionRef } from '../../../../src/agents/agent.js';
import type { PromptId } from '../../../../src/contract/ids.js';

test.each([
  [['gemini', '--acp'], 'acp:gemini'],
  [['/opt/gemini-0.37/bin/gemini', '--experimental-acp'], 'acp:gemini'],
  [['opencode', 'acp'], 'acp:opencode acp'],
  [['npx', '-y', '@zed-industries/claude-code-acp@0.5.1'], 'acp:npx @zed-industries/claude-code-acp'],
  [['npx', '-y', '@zed-industries/claude-code-acp'], 'acp:npx @zed-industries/claude-code-acp'],
  [['node', '/home/me/agent.mjs'], 'acp:node agent.mjs'],
])('the store of %j is %s, also after an upgrade of the agent', (command, store) => {
  expect(storeOf(command)).toBe(store);
});

test('the same prompt has the same key for ever, and another one in another session or agent', () => {
  const session = { session_id: 's', store: 'acp:gemini', cwd: '/' } as SessionRef;
  const prompt = 'p' as PromptId;
  expect(keyOf(session, prompt)).toBe(keyOf({ ...session, cwd: '/elsewhere' }, prompt));
  const others = [
    keyOf({ ...session, session_id: 't' as SessionRef['session_id'] }, prompt),
    keyOf({ ...session, store: 'acp:goose acp' }, prompt),
    keyOf(session, 'q' as PromptId),
  ];
  expect(new Set([keyOf(session, prompt), ...others]).size).toBe(4);
  expect(keyOf(session, prompt)).toMatch(/^[0-9a-f]{40}$/);
});
