/** What is told of the sessions of a store, whoever began them. Files as Codex 0.169.0 writes them. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findSession, storedSessions } from '../../../../src/agents/codex/sessions.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { whole } from './records.js';

const ONE = '01a22330-5737-7e83-af19-5de2eebc5de5' as SessionId;
const TWO = '01a22330-5737-7e83-af19-000000000002' as SessionId;

let store: string;
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'continuity-codex-sessions-'));
});
afterEach(() => rm(store, { recursive: true, force: true }));

interface Began {
  at?: number;
  day?: string;
  meta?: object;
}

async function began(
  thread: SessionId,
  text: string,
  { at = 1_000, day = 'sessions/2026/11/28', meta = {} }: Began = {},
) {
  const folder = join(store, day);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `rollout-2026-11-28T17-25-00-${thread}.jsonl`);
  const head = { type: 'session_meta', payload: { id: thread, cwd: '/begun', source: 'cli', ...meta } };
  await writeFile(
    file,
    [JSON.stringify(head), ...whole('t1', text, 'theirs', 'Done.'), '{"type":"turn_con'].join('\n'),
  );
  await utimes(file, at, at);
}

describe('the sessions of the store', () => {
  test('are told newest first, with the first prompt and where the last turn has worked', async () => {
    await began(ONE, 'Add a\n login endpoint', { at: 2_000 });
    await began(TWO, 'Build the page', { at: 3_000, day: 'sessions/2026/11/27' });
    expect(await storedSessions(store)).toEqual([
      {
        session_id: TWO,
        cwd: '/work',
        first_prompt: 'Build the page',
        model: 'scripted',
        updated_at: '1970-01-01T00:50:00.000Z',
      },
      {
        session_id: ONE,
        cwd: '/work',
        first_prompt: 'Add a login endpoint',
        model: 'scripted',
        updated_at: '1970-01-01T00:33:20.000Z',
      },
    ]);
  });

  test('are without those of sub-agents, and those that were archived', async () => {
    await began(ONE, 'By a sub-agent', { meta: { source: { subagent: 'review' } } });
    await began(TWO, 'Old', { day: 'archived_sessions' });
    expect(await storedSessions(store)).toEqual([]);
  });

  test('are none where Codex has never run', async () => {
    expect(await storedSessions(join(store, 'nowhere'))).toEqual([]);
  });
});

describe('one session', () => {
  test('is found with its model', async () => {
    await began(ONE, 'Add a login endpoint');
    expect(await findSession(store, ONE)).toMatchObject({ session_id: ONE, cwd: '/work', model: 'scripted' });
    expect(await findSession(store, TWO)).toBeUndefined();
  });

  test('has one id: the end of it is not another, with which another topic could have it', async () => {
    await began(ONE, 'Add a login endpoint');
    for (const end of [ONE.slice(9), ONE.slice(-12), ONE.slice(-1)])
      expect(await findSession(store, end as SessionId)).toBeUndefined();
  });

  test('that was archived is refused, with the command that brings it back', async () => {
    await began(ONE, 'Old', { day: 'archived_sessions' });
    await expect(findSession(store, ONE)).rejects.toMatchObject({
      code: 'SESSION_LOST',
      failure: { fix: expect.stringContaining(`codex unarchive ${ONE}`) as string },
    });
  });
});
