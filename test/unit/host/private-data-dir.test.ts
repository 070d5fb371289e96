import { chmod, chown, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkProofOf } from '../../../src/host/check-proof.js';
import type { PromptId, TopicId } from '../../../src/contract/ids.js';
import { ensureDataDir } from '../../../src/host/data-dir-lock.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = join(await realpath(await mkdtemp(join(tmpdir(), 'continuity-private-'))), 'it’s data');
  await ensureDataDir(dataDir);
  await proof();
});
afterEach(() => rm(dirname(dataDir), { recursive: true, force: true }));

const proof = () =>
  checkProofOf(dataDir, { topic: 't' as TopicId, prompt_id: 'p' as PromptId, checks: [{ run: 'true' }] });

async function fixOf(act: () => Promise<unknown>, message: string): Promise<string> {
  const refused = (await act().then(
    () => undefined,
    (error: unknown) => error,
  )) as { failure: { code: string; message: string; fix: string } } | undefined;
  expect(refused).toMatchObject({
    failure: { code: 'DATA_DIR_UNSAFE', message: expect.stringContaining(message) as string },
  });
  return refused?.failure.fix ?? '';
}

describe('a data directory that is there', () => {
  it('is used as long as it is its owner’s alone', async () => {
    await writeFile(join(dataDir, 'temporal.db'), '', { mode: 0o644 });
    await ensureDataDir(dataDir);
    await proof();
  });

  it.each([
    ['others may read', 0o755],
    ['others may write', 0o722],
    ['a group may enter', 0o710],
  ])('and that %s is refused, with the chmod that mends it', async (_, mode) => {
    await chmod(dataDir, mode);
    const message = `Data directory ${dataDir} is not yours alone: other users may use it (its mode is 0${mode.toString(8)}).`;
    await fixOf(proof, message);
    const fix = await fixOf(() => ensureDataDir(dataDir), message);
    await execa('sh', ['-c', fix.replace(/^Run: /, '')]);
    await ensureDataDir(dataDir);
    await proof();
  });

  it('with keys that others may read is refused, and one command mends all of them', async () => {
    await mkdir(join(dataDir, 'agents', 'opencode'), { recursive: true });
    await writeFile(join(dataDir, 'agents', 'opencode', 'server.json'), '{}', { mode: 0o640 });
    await chmod(join(dataDir, 'agents'), 0o755);
    await chmod(join(dataDir, 'check-key'), 0o644);
    const fix = await fixOf(
      () => ensureDataDir(dataDir),
      `${join(dataDir, 'check-key')} in the data directory is not yours alone`,
    );
    await execa('sh', ['-c', fix.replace(/^Run: /, '')]);
    await ensureDataDir(dataDir);
  });

  it('that is a link is refused', async () => {
    await rename(dataDir, join(dirname(dataDir), 'real'));
    await symlink('real', dataDir);
    expect(await fixOf(() => ensureDataDir(dataDir), 'it is a symbolic link')).toContain('--data-dir');
  });

  it.each(['check-key', 'temporal.db', 'worker.lock'])('with a link as its %s is refused', async (name) => {
    const elsewhere = join(dirname(dataDir), 'elsewhere');
    await writeFile(elsewhere, '', { mode: 0o600 });
    await rm(join(dataDir, name), { force: true });
    await symlink(elsewhere, join(dataDir, name));
    await fixOf(
      () => ensureDataDir(dataDir),
      `${join(dataDir, name)} in the data directory is not yours alone: it is a symbolic link`,
    );
  });

  it.runIf(process.getuid?.() === 0)('of another user, or with a key of another user, is refused', async () => {
    await chown(join(dataDir, 'check-key'), 65534, 65534);
    await fixOf(proof, 'it belongs to user 65534, and you are user 0');
    await chown(join(dataDir, 'check-key'), 0, 0);
    await chown(dataDir, 65534, 65534);
    expect(await fixOf(() => ensureDataDir(dataDir), 'it belongs to user 65534, and you are user 0')).toMatch(
      /^Run: sudo chown 0 '/,
    );
  });
});
