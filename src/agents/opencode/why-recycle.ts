/** Why a server is started anew after its turns. */
import { memoryOf } from '../../host/process-memory.js';
import type { OpenCodeServer } from './server.js';

/** Eight times what OpenCode 1.18.33 takes after some turns. */
const MEMORY_LIMIT = 4 * 1024 * 1024 * 1024;
/** What OpenCode holds for a directory, such as language servers, it holds until it ends. */
const MOST_DIRECTORIES = 50;

/** `undefined` when nothing is wrong with it. */
export async function whyRecycle(server: OpenCodeServer, memoryLimit = MEMORY_LIMIT): Promise<string | undefined> {
  const directories = (await server.directories.all())?.length ?? 0;
  if (directories > MOST_DIRECTORIES) return `it holds ${directories} directories`;
  const memory = server.pid === undefined ? undefined : await memoryOf(server.pid);
  return memory !== undefined && memory > memoryLimit
    ? `it takes ${Math.round(memory / 1024 / 1024)} MiB of memory`
    : undefined;
}
