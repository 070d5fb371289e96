/**
 * Finds OpenCode's program: the path in the config, `opencode` on PATH, or the package of this
 * platform that npm installed beside us. npm's `opencode-ai` is a wrapper that does not run where
 * install scripts are off. The real program is in its sibling package `opencode-<platform>-<arch>`.
 */
import { access, constants, open, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SUPPORTED } from '../../host/supported-versions.js';
import { findProgram as findAgentProgram } from '../shared/find-program.js';
import type { Env } from './store.js';

/** @throws AgentError AGENT_NOT_FOUND */
export function findProgram(named: string | undefined, env: Env): Promise<string> {
  return findAgentProgram({
    title: 'OpenCode',
    name: 'opencode',
    named,
    env,
    install: SUPPORTED.opencode.mend,
    besideUs: besideUs(),
    runnable,
  });
}

const platformPackage = () => `opencode-${platform()}-${arch()}`;

function besideUs(): string[] {
  try {
    return [
      join(dirname(createRequire(import.meta.url).resolve(`${platformPackage()}/package.json`)), 'bin', 'opencode'),
    ];
  } catch {
    // MODULE_NOT_FOUND: the optional package is missing, or its manifest is. So look where npm
    // would put it.
    return (createRequire(import.meta.url).resolve.paths(platformPackage()) ?? []).map((folder) =>
      join(folder, platformPackage(), 'bin', 'opencode'),
    );
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
    // ENOENT, EACCES. The next candidate is tried, and the error names all of them if none runs.
    return undefined;
  }
}

/**
 * Whether the file is npm's placeholder. That is a shell script of a few lines, and the real
 * program is a binary of many megabytes.
 */
async function isStub(target: string): Promise<boolean> {
  if (!dirname(target).endsWith(join('opencode-ai', 'bin')) || !basename(target).startsWith('opencode')) return false;
  await using file = await open(target);
  return (await file.stat()).size < 64 * 1024;
}
