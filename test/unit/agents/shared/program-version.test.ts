/** What a program says of its version. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { versionOf } from '../../../../src/agents/shared/program-version.js';

test('is cut where it is no version: a topic keeps the message that quotes it, and doctor prints it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-program-version-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, 'agent');
  await writeFile(program, '#!/bin/sh\nhead -c 3000000 /dev/zero | tr "\\0" x\n');
  await chmod(program, 0o755);
  expect((await versionOf(program, { PATH: process.env.PATH })).length).toBeLessThanOrEqual(1_000);
});
