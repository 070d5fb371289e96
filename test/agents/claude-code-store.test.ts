/** What a store can hold that Claude Code did not write so. */
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { because, claudeStage, isMissing } from './claude-code-stage.js';
import { runTurn } from './run.js';

describe.skipIf(isMissing)(`Claude Code${because}`, () => {
  const stage = claudeStage();
  const fileOf = (session: SessionRef) => sessionFileOf(stage.under.home.store, session);

  test('a session whose file cannot be read is named with its file, and is whole later', async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'First');
    const file = await fileOf(session);
    await rename(file, `${file}.away`);
    await mkdir(file);
    const refused = { failure: { code: 'SETUP_INCOMPLETE', message: expect.stringContaining(file) as string } };
    await expect(runTurn(stage.agent, session, 'Second', 'second')).rejects.toMatchObject({
      ...refused,
      retryable: true,
    });
    await expect(stage.agent.transcript(session)).rejects.toMatchObject(refused);
    await rm(file, { recursive: true });
    await rename(`${file}.away`, file);
    expect((await runTurn(stage.agent, session, 'Second', 'second')).reply).toBe(
      'You asked before: "First". Now: "Second".',
    );
  });

  test.each(['5', '[null]', '[{"type":"text","text":7}]', '{}'])(
    'a message with the content %s is passed over, and the session goes on',
    async (content) => {
      const session = await stage.open();
      await runTurn(stage.agent, session, 'First');
      const row = `{"type":"user","uuid":"00000000-0000-4000-8000-000000000002","message":{"content":${content}}}`;
      await appendFile(await fileOf(session), `${row}\n`);
      expect(await runTurn(stage.agent, session, 'Second [[say: Two.]]')).toMatchObject({
        status: 'completed',
        reply: 'Two.',
      });
      expect((await stage.agent.transcript(session)).length).toBeGreaterThan(1);
    },
  );

  test.each(['', '{"ti', 'null'])(
    'a note of ours that says %j still says that the session was opened',
    async (text) => {
      const session = await stage.open();
      await writeFile(join(stage.under.home.folder, 'opened', session.session_id), text);
      expect(await runTurn(stage.agent, session, 'Begin [[say: Begun.]]')).toMatchObject({ reply: 'Begun.' });
    },
  );
});
