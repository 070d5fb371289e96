/**
 * Finds a background service of OpenCode 2.x that uses the same store. It is a second writer, and
 * resumes turns by itself. It registers its pid in `$XDG_STATE_HOME/opencode/service.json`, other
 * channels in `service-<channel>.json`, and runs as `opencode serve --service` (anomalyco/opencode,
 * packages/client/src/effect/service.ts). 1.x has no such service.
 */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { failure, type Failure } from '../../contract/failures.js';
import { commandOf, environmentOf, filesOf } from '../../host/proc.js';
import { identityOf } from '../../host/process-identity.js';
import { storeOf, type Env } from './store.js';
import { WHY_NOT_2 } from './version.js';

const Registration = z.object({ pid: z.number().int().positive(), version: z.string().optional() });

/** The channel that shares its store with 1.x. */
const MAIN = 'service.json';

/** AGENT_UNSUPPORTED when a 2.x service runs on this store. It costs a look into a directory. */
export async function refusalOfService(store: string, env: Env): Promise<Failure | undefined> {
  const folder = join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'opencode');
  const names = await readdir(folder).catch(() => []); // ENOENT: OpenCode has stored nothing there.
  for (const name of names.filter((one) => /^service(-.+)?\.json$/.test(one))) {
    const file = join(folder, name);
    const service = await registrationIn(file);
    if (service && (await runsOn(store, service.pid, name === MAIN))) return refusal(store, file, service);
  }
  return undefined;
}

async function registrationIn(file: string) {
  try {
    return Registration.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined; // ENOENT, SyntaxError, ZodError. OpenCode ignores such a file, too.
  }
}

/** Whatever the kernel does not say counts as yes. On macOS it says nothing. */
async function runsOn(store: string, pid: number, isMain: boolean): Promise<boolean> {
  if (!(await identityOf(pid))) return false;
  // The service has ended, and another process has its pid.
  if (commandOf(pid)?.includes('--service') === false) return false;
  if (filesOf(pid)?.includes(store)) return true;
  const environment = environmentOf(pid);
  return isMain && (environment === undefined || storeOf(environment) === store);
}

function refusal(store: string, file: string, { pid, version }: z.infer<typeof Registration>): Failure {
  const which = `the background service of OpenCode ${version ?? '2.x'} (process ${pid}, ${file})`;
  const message = `${store} is in use by ${which}, which is refused, because ${WHY_NOT_2}. Nothing was put in.`;
  return failure(
    'AGENT_UNSUPPORTED',
    message,
    'Stop it with: opencode service stop. If OpenCode 2.x has migrated the store, restore a copy from before.',
  );
}
