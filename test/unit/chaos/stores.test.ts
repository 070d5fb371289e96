/** The witnesses that read an agent's store see each prompt as often as it is in there. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claudeCode } from '../../chaos/agents/claude-code.js';
import { codex } from '../../chaos/agents/codex.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-stores-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const folders = () => ({ dir, driver: join(dir, 'driver'), project: join(dir, 'project') });
const SESSION = '0f0f0f0f-1111-8222-8333-444444444444';

async function write(file: string, lines: (object | string)[]): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  await writeFile(join(dir, file), text);
}

test('Claude Code’s transcript: prompts that were put in twice and prompts beside the conversation are seen, and nothing else is', async () => {
  const row = (content: unknown, more: object = {}) => ({ type: 'user', message: { role: 'user', content }, ...more });
  await write(`claude/projects/-work/${SESSION}.jsonl`, [
    { type: 'custom-title', customTitle: 't0' },
    row('t0-c0-0 [[slow: 5]]', { uuid: 'a' }),
    { type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text: '"t0-c0-0"' }] } },
    row([{ type: 'tool_result', content: 't0-c0-0' }]),
    row('[Request interrupted by user]'),
    row('Continue from where you left off.'),
    row('t0-c0-0', { isMeta: true }),
    row('t0-c0-0', { isSidechain: true }),
    row([{ type: 'text', text: 't0-c0-1' }], { uuid: 'b', parentUuid: 'a' }),
    row('t0-c0-1', { uuid: 'c', parentUuid: 'a' }),
    '{"type":"user","message":{"content":"t0-c0-2',
  ]);
  await write(`claude/projects/-work/${SESSION}/subagents/agent-1.jsonl`, [row('t0-c0-3')]);
  const { store, openedFor } = await claudeCode().stored(folders());
  expect([...store]).toEqual([[SESSION, ['t0-c0-0', 't0-c0-1', 't0-c0-1'].map((label) => ({ label, texts: 1 }))]]);
  expect(openedFor.get(SESSION)).toBe('t0');
});

test('Codex’s rollout: prompts that were put in twice are seen, and what Codex puts in is not', async () => {
  const said = (text: string, kind: string) => ({
    type: 'response_item',
    payload: {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text }],
      internal_chat_message_metadata_passthrough: { content_item_kinds: [kind] },
    },
  });
  await write(`codex-home/sessions/2026/11/28/rollout-2026-11-28T17-00-00-${SESSION}.jsonl`, [
    { type: 'session_meta', payload: { id: SESSION } },
    said('<environment_context>', 'environment.context'),
    said('t0-c0-0 [[slow: 5]]', 'user.text'),
    '{"type":"response_item","payl',
    { type: 'event_msg', payload: { type: 'user_message', message: 't0-c0-0' } },
    said('t0-c0-0', 'user.text'),
  ]);
  const { store } = await codex().stored(folders());
  expect([...store]).toEqual([[SESSION, ['t0-c0-0', 't0-c0-0'].map((label) => ({ label, texts: 1 }))]]);
});
