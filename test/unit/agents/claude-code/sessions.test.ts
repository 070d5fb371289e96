/** What is told of the sessions of a store, whoever began them. Files as Claude Code 2.1.331 writes them. */
import { mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findSession, storedSessions } from '../../../../src/agents/claude-code/sessions.js';
import { sessionFileOf } from '../../../../src/agents/claude-code/store.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { answer, chained, note, prompt, says } from './rows.js';

const ONE = '11111111-1111-4111-8111-111111111111' as SessionId;
const TWO = '22222222-2222-4222-8222-222222222222' as SessionId;

let dir: string;
let store: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-claude-sessions-')));
  store = join(dir, 'projects');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A session of a directory, which worked in others, too. */
async function began(session_id: SessionId, cwd: string, text: string, { at = 1_000, works = [cwd] } = {}) {
  await mkdir(cwd, { recursive: true });
  const rows = chained(
    note('n', '<command-name>/clear</command-name>', {}),
    prompt(text, 'theirs'),
    answer('a', [says('Done.')]),
  ).map((row, index) => ({ ...row, cwd: works[Math.min(index, works.length - 1)], sessionId: session_id }));
  const file = await sessionFileOf(store, { session_id, cwd });
  await mkdir(dirname(file), { recursive: true });
  const lines = [{ type: 'queue-operation', content: text }, ...rows].map((row) => JSON.stringify(row));
  await writeFile(file, `${lines.join('\n')}\n{"type":"assistant","uu`);
  await utimes(file, at, at);
  return file;
}

describe('the sessions of the store', () => {
  test('are told newest first, with directory and first prompt, and without commands, torn lines and other files', async () => {
    await began(ONE, join(dir, 'shop'), 'Add a\n  login endpoint', { at: 1_000 });
    const file = await began(TWO, join(dir, 'site'), 'Build the page', { at: 2_000 });
    await writeFile(join(dirname(file), 'agent-1.jsonl'), JSON.stringify(prompt('Of a sub-agent')));
    await writeFile(join(store, 'a file'), '');
    expect(await storedSessions(store)).toMatchObject([
      {
        session_id: TWO,
        cwd: join(dir, 'site'),
        first_prompt: 'Build the page',
        updated_at: '1970-01-01T00:33:20.000Z',
      },
      { session_id: ONE, cwd: join(dir, 'shop'), first_prompt: 'Add a login endpoint' },
    ]);
  });

  test('have their first prompt also where it is long', async () => {
    await began(ONE, join(dir, 'shop'), `Look: ${'x'.repeat(200_000)}`);
    const [session] = await storedSessions(store);
    expect(session?.first_prompt).toMatch(/^Look: x+$/);
    expect(session?.first_prompt?.length).toBe(300);
  });

  test('are told without what cannot be read: one broken file hides no other', async () => {
    const file = await began(ONE, join(dir, 'shop'), 'Add a login endpoint');
    const folder = dirname(file);
    const another = (digit: string) => join(folder, `${ONE.replaceAll('1', digit)}.jsonl`);
    await mkdir(another('2'));
    await symlink(another('3'), another('3'));
    await symlink(join(store, 'loop'), join(store, 'loop'));
    await writeFile(another('4'), '');
    const row = { ...prompt('Odd', 'theirs'), cwd: join(dir, 'shop') };
    await writeFile(another('5'), JSON.stringify({ ...row, cwd: 5 }));
    await writeFile(another('6'), JSON.stringify({ ...row, message: { role: 'user', content: [null] } }));
    expect(await storedSessions(store)).toMatchObject([{ session_id: ONE, first_prompt: 'Add a login endpoint' }]);
  });

  test('are none where Claude Code has never run', async () => {
    expect(await storedSessions(join(dir, 'nowhere'))).toEqual([]);
  });
});

describe('one session', () => {
  test('is found with its model, in the directory from which Claude Code finds it again', async () => {
    await began(ONE, join(dir, 'shop'), 'Add a login endpoint', {
      works: [join(dir, 'shop', 'src'), join(dir, 'shop')],
    });
    expect(await findSession(store, ONE)).toMatchObject({ session_id: ONE, cwd: join(dir, 'shop'), model: 'scripted' });
    expect(await findSession(store, TWO)).toBeUndefined();
    expect(await findSession(store, '../../etc/passwd' as SessionId)).toBeUndefined();
  });

  test('is found beside folders that cannot be read, and one that cannot be read itself is named', async () => {
    await began(ONE, join(dir, 'shop'), 'Add a login endpoint');
    await symlink(join(store, 'loop'), join(store, 'loop'));
    expect(await findSession(store, ONE)).toMatchObject({ session_id: ONE });
    await rm(join(store, 'loop'));
    await mkdir(join(store, '-elsewhere', `${TWO}.jsonl`), { recursive: true });
    await expect(findSession(store, TWO)).rejects.toMatchObject({
      code: 'SETUP_INCOMPLETE',
      message: expect.stringContaining(join('-elsewhere', `${TWO}.jsonl`)) as string,
    });
  });

  test('whose directory was moved is refused: Claude Code would not find it', async () => {
    const file = await began(ONE, join(dir, 'shop'), 'Add a login endpoint');
    await rename(dirname(file), join(store, '-elsewhere'));
    await expect(findSession(store, ONE)).rejects.toMatchObject({ code: 'CWD_MISSING' });
  });
});
