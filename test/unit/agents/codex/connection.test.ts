import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { heldRequest, refusalOf } from '../../../../src/agents/codex/answers.js';
import { Connection } from '../../../../src/agents/codex/connection.js';
import { contextOf } from '../../../../src/agents/codex/instructions.js';
import { Unreachable } from '../../../../src/agents/driver.js';

test('a server that takes connections and says nothing, as one that is stopped does, is given up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-silent-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = createServer();
  const socket = join(folder, 'app.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  await expect(Connection.open(socket, 200)).rejects.toThrow(Unreachable);
});

test('where no server is, that is known at once', async () => {
  await expect(Connection.open('/not/there/app.sock', 5_000)).rejects.toThrow(/ENOENT/);
});

test('what a person can answer is held, and anything else is refused', () => {
  const about = { threadId: 'thread', itemId: 'call' };
  const method = 'item/commandExecution/requestApproval';
  expect(heldRequest(1, method, about)).toEqual({ id: 1, method, params: about, thread: 'thread', item: 'call' });
  expect(heldRequest(2, 'item/tool/call', about)).toBeUndefined();
  expect(heldRequest(3, method, {})).toBeUndefined();
  const proof = { ...about, mode: 'openai/userVerification' };
  expect(heldRequest(4, 'mcpServer/elicitation/request', proof)).toBeUndefined();
  expect(refusalOf('something/of/a/newer/one').error.message).toContain('something/of/a/newer/one');
});

test('instructions are told where the model was told others, or none', () => {
  expect(contextOf(undefined, undefined)).toBeUndefined();
  expect(contextOf('Be kind.', undefined)).toMatchObject({ 'session-continuity': { value: 'Be kind.' } });
  expect(contextOf('Be kind.', '<session-continuity>Be kind.</session-continuity>')).toBeUndefined();
  expect(contextOf('Be brief.', '<session-continuity>Be kind.</session-continuity>')).toMatchObject({
    'session-continuity': { value: 'Be brief.' },
  });
  expect(contextOf(undefined, '<session-continuity>Be kind.</session-continuity>')).toBeDefined();
});
