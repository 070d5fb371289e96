/** A caller's config beside that of the worker of its data directory. The worker is this process. */
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { differenceToWorkerIn, loadConfig } from '../../../src/config.js';
import { readsOf } from '../../../src/config/reads.js';
import { identityOf } from '../../../src/host/process-identity.js';
import { writeWorkerState } from '../../../src/host/worker-state.js';

let directory: string;
let dataDir: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-of-worker-')));
  dataDir = join(directory, 'data');
  env = { HOME: join(directory, 'home') };
  await mkdir(dataDir, { mode: 0o700 });
  await mkdir(join(directory, 'elsewhere'));
  const identity = await identityOf(process.pid);
  await writeWorkerState(dataDir, { ...identity!, host: 'here', reads: readsOf(env) });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const file = (path: string, content: object) => writeFile(join(directory, path), JSON.stringify(content));

it('a relative CONTINUITY_CONFIG is not a file of that name in the directory of the session', async () => {
  await file('mine.json', { onLost: 'fail' });
  await file('elsewhere/mine.json', {});
  const caller = { ...env, CONTINUITY_CONFIG: 'mine.json' };
  const config = await loadConfig({ cwd: directory, dataDir, env: caller });
  expect(await differenceToWorkerIn(join(directory, 'elsewhere'), config)).toMatchObject({
    code: 'CONFIG_DIFFERS',
    message: expect.stringMatching(/: onLost\. The caller has .*\/mine\.json, the worker no file\.$/) as string,
  });
  await rm(join(directory, 'elsewhere/mine.json'));
  expect(await differenceToWorkerIn(join(directory, 'elsewhere'), config)).toMatchObject({ code: 'CONFIG_DIFFERS' });
});

it('a data directory that is not the caller’s alone says nothing of the worker’s config', async () => {
  await file('mine.json', { onLost: 'fail' });
  const caller = { ...env, CONTINUITY_CONFIG: join(directory, 'mine.json') };
  const config = await loadConfig({ cwd: directory, dataDir, env: caller });
  expect(await differenceToWorkerIn(directory, config)).toMatchObject({ code: 'CONFIG_DIFFERS' });
  await chmod(dataDir, 0o755);
  expect(await differenceToWorkerIn(directory, config)).toBeUndefined();
});
