/**
 * Sessions in ten lines. A follow-up continues where the first prompt ended. It needs a running
 * stack (`npx session-continuity up`). Your agent works in your current directory:
 *
 *   TEMPORAL_ADDRESS=127.0.0.1:7233 npx tsx examples/ten-lines.ts
 */
import assert from 'node:assert/strict';
import { delegate_task, SessionManager } from 'session-continuity';

// An orchestrating agent's call. The result names the session, and a follow-up needs only that id.
const first = await delegate_task({ category: 'quick', prompt: 'Add User model to database' });
const fix = await delegate_task({ session_id: first.session_id, prompt: 'Fix: Missing email field validation' });
assert.equal(fix.session_id, first.session_id);
assert.equal(fix.session.kind, 'resumed');

// A program's call. Each topic keeps its own session, which survives this process.
await using manager = await SessionManager.connect();
const login = await manager.delegate('auth-feature', 'Add login endpoint');
const limiting = await manager.delegate('auth-feature', 'Fix: add rate limiting');
const page = await manager.delegate('dashboard', 'Create dashboard page');
assert.equal(limiting.session_id, login.session_id);
assert.notEqual(page.session_id, login.session_id);

for (const { topic, session_id, turn, session, status, reply } of [first, fix, login, limiting, page]) {
  console.log(`${topic}  ${session_id}  turn ${turn} (${session.kind}, ${status}): ${reply}`);
  assert.equal(status, 'completed');
}
