/** The whole stack with `--agent codex`: the real Codex and a scripted model behind it. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import type { TopicView } from '../../src/contract/views.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { upBench, type UpBench } from './up-command.js';

const program = codexProgram();

describe.runIf(program !== undefined)(
  'With --agent codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () => {
    let dir: string;
    let model: ScriptedModel;
    let bench: UpBench;
    beforeAll(async () => {
      dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-codex-home-')));
      model = await startScriptedModel();
      const PATH = `${dirname(program ?? '')}:${process.env['PATH'] ?? ''}`;
      bench = await upBench('codex-topics', { ...(await isolatedCodex(dir, model.url)), PATH });
      await bench.up();
    });
    afterAll(async () => {
      await bench?.dispose();
      await model?.close();
      expect(processesOf(dir)).toEqual([]);
      await rm(dir, { recursive: true, force: true });
    });

    async function delegate(...words: string[]): Promise<TurnResult> {
      const { stdout, stderr } = await bench.continuity([
        'delegate',
        '--json',
        '--topic',
        'auth',
        '--agent',
        'codex',
        ...words,
      ]);
      return JSON.parse(stdout || stderr) as TurnResult;
    }

    test('a follow-up goes on in the session that the first prompt opened, also after the worker was killed in its turn', async () => {
      const first = await delegate('Add login endpoint');
      expect(first).toMatchObject({
        status: 'completed',
        session: { kind: 'new' },
        agent: 'codex',
        reply: 'You asked first: "Add login endpoint".',
      });
      const asked = delegate('Fix: add rate limiting [[slow: 3000]] [[say: Limited.]]');
      await vi.waitFor(() => expect(model.requests().at(-1)?.asks.at(-1)).toContain('Fix'), { timeout: 60_000 });
      process.kill((await bench.recorded()).worker.pid, 'SIGKILL');
      expect(await asked).toMatchObject({
        status: 'completed',
        reply: 'Limited.',
        session_id: first.session_id,
        session: { kind: 'resumed' },
      });
      expect((await delegate('And?')).reply).toBe(
        'You asked before: "Add login endpoint", "Fix: add rate limiting". Now: "And?".',
      );
    });

    test('closed with its sessions archived, it can be read, and the next prompt goes on in its session', async () => {
      const before = JSON.parse((await bench.continuity(['show', 'auth', '--json'])).stdout) as TopicView;
      const { stdout: closed } = await bench.continuity(['close', 'auth', '--archive']);
      const host = before.sessions[0]?.pinned.host;
      expect(closed).toBe(`Topic auth is closed.\nSession ${before.session_id} of codex on ${host} is archived.\n`);
      expect((await bench.continuity(['show', 'auth'])).stdout).toContain(`${before.session_id}  archived · codex`);
      expect((await bench.continuity(['sessions', '--json'])).stdout).not.toContain(before.session_id);
      expect((await bench.continuity(['transcript', 'auth'])).stdout).toContain('Add login endpoint');
      expect(await delegate('Once more')).toMatchObject({
        status: 'completed',
        session_id: before.session_id,
        reply: expect.stringContaining('Add login endpoint') as string,
      });
    });

    test('doctor knows it, and the conversation can be read', async () => {
      const { stdout } = await bench.continuity(['doctor', '--json']);
      expect(stdout).toContain('0.169.0');
      const { stdout: transcript } = await bench.continuity(['transcript', 'auth']);
      expect(transcript).toContain('Add login endpoint');
    });
  },
);
