/** All names of a kind share one server, so a project can name its program and no other. */
import { chmod, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { onServer } from '../../../../src/agents/shared/one-program.js';

it('the program that the worker finds on PATH may be named by its path, or by a link to it', async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-one-program-')));
  onTestFinished(() => rm(dir, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('PATH', dir);
  const [codex, link, other] = [join(dir, 'codex'), join(dir, 'link'), join(dir, 'other')];
  for (const program of [codex, other]) {
    await writeFile(program, '');
    await chmod(program, 0o755);
  }
  await symlink(codex, link);
  const on = (path: string, server?: string) =>
    onServer('codex', { kind: 'codex', path, model: 'm' }, { kind: 'codex', ...(server && { path: server }) });
  expect(on(codex)).toEqual({ kind: 'codex', model: 'm' });
  expect(on(link, codex)).toEqual({ kind: 'codex', model: 'm', path: codex });
  expect(() => on(other)).toThrow(/the worker runs the one on its PATH/);
  expect(() => on(join(dir, 'absent'))).toThrow(/another|one server/);
});
