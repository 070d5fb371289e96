/**
 * The background service of OpenCode 2.x, where it uses the same store: a second writer, which also resumes turns by itself.
 * It registers in `$XDG_STATE_HOME/opencode/service.json` with its pid, other channels in `service-<channel>.json`, and runs as
 * `opencode serve --service` (anomalyco/opencode, packages/client/src/effect/service.ts). 1.x has no such service.
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

/** AGENT_UNSUPPORTED where a 2.x service runs on this store. Costs a look into a directory. */
export async function refusalOfService(store: string, env: Env): Promise<Failure | undefined> {
  const folder = join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'opencode');
  const names = await readdir(folder).catch(() => []); // ENOENT: OpenCode has kept nothing there.
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
    return undefined; // ENOENT, SyntaxError, ZodError: OpenCode takes such a file for none, too.
  }
}

/** What the kernel does not say (it says nothing on macOS) counts as yes. */
async function runsOn(store: string, pid: number, isMain: boolean): Promise<boolean> {
  if (!(await identityOf(pid))) return false;
  if (commandOf(pid)?.includes('--service') === false) return false; // The pid of a service that has ended, given out again.
  if (filesOf(pid)?.includes(store)) return true;
  const environment = environmentOf(pid);
  return isMain && (environment === undefined || storeOf(environment) === store);
}

function refusal(store: string, file: string, { pid, version }: z.infer<typeof Registration>): Failure {
  const which = `the background service of OpenCode ${version ?? '2.x'} (process ${pid}, ${file})`;
  const message = `${store} is in use by ${which}, which is refused: ${WHY_NOT_2}. Nothing was put in.`;
  return failure('AGENT_UNSUPPORTED', message, 'Stop it with: opencode service stop. If OpenCode 2.x has migrated the store, restore a copy from before.');
}
