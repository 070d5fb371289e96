/**
 * Where OpenCode's program is: what the config names, `opencode` on PATH, or the package of this platform beside us.
 * npm's `opencode-ai` is a wrapper that cannot run where install scripts are off; the real program lies in its sibling
 * package `opencode-<platform>-<arch>`.
 */
import { access, constants, open, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { failure } from '../../contract/failures.js';
import { searchPathOf } from '../../host/search-path.js';
import { AgentError } from '../agent.js';
import type { Env } from './store.js';

/** A path into another folder means that one; a bare name is looked for on PATH. @throws AgentError AGENT_NOT_FOUND */
export async function findProgram(named: string | undefined, env: Env): Promise<string> {
  const tried: string[] = [];
  for (const candidate of named ? candidatesOf(named, env) : [...candidatesOf('opencode', env), ...besideUs()]) {
    tried.push(candidate);
    const program = await runnable(candidate);
    if (program) return program;
  }
  const where = named ? `${named} is not a program that can run` : 'OpenCode is not on PATH, and not installed beside us';
  const { passedOver } = searchPathOf(env);
  const message = `${where}. Tried: ${tried.join(', ') || 'nothing, PATH is empty'}.${passedOver && ` ${passedOver}.`}`;
  throw new AgentError(failure('AGENT_NOT_FOUND', message), false);
}

function candidatesOf(name: string, env: Env): string[] {
  if (isAbsolute(name) || name.includes('/')) return [resolve(name)];
  return searchPathOf(env).folders.map((folder) => join(folder, name));
}

const platformPackage = () => `opencode-${platform()}-${arch()}`;

function besideUs(): string[] {
  try {
    return [join(dirname(createRequire(import.meta.url).resolve(`${platformPackage()}/package.json`)), 'bin', 'opencode')];
  } catch {
    // MODULE_NOT_FOUND: an optional package. Its manifest may also be left out, so look where npm puts it.
    return (createRequire(import.meta.url).resolve.paths(platformPackage()) ?? []).map((folder) => join(folder, platformPackage(), 'bin', 'opencode'));
  }
}

async function runnable(candidate: string): Promise<string | undefined> {
  try {
    await access(candidate, constants.X_OK);
    const target = await realpath(candidate);
    if (!(await isStub(target))) return candidate;
    const real = join(dirname(target), '..', '..', platformPackage(), 'bin', 'opencode');
    await access(real, constants.X_OK);
    return real;
  } catch {
    return undefined; // ENOENT, EACCES: not here; the next candidate is tried, and all are named if none is.
  }
}

/** The wrapper's stand-in is a shell script of a few lines; the real program is a binary of many megabytes. */
async function isStub(target: string): Promise<boolean> {
  if (!dirname(target).endsWith(join('opencode-ai', 'bin')) || !basename(target).startsWith('opencode')) return false;
  await using file = await open(target);
  return (await file.stat()).size < 64 * 1024;
}
