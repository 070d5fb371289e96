/**
 * Finds Codex's program: the path in the config, or `codex` on PATH. npm's `codex` is a script that
 * starts the real program, which is in the package of this platform. The real program is started
 * directly, because ending the script would leave it running.
 */
import { access, constants, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SUPPORTED } from '../../host/supported-versions.js';
import { findProgram } from '../shared/find-program.js';
import type { Env } from './store.js';

/** @throws AgentError AGENT_NOT_FOUND */
export function findCodex(named: string | undefined, env: Env): Promise<string> {
  return findProgram({ title: 'Codex', name: 'codex', named, env, install: SUPPORTED.codex.mend, runnable });
}

async function runnable(candidate: string): Promise<string | undefined> {
  try {
    await access(candidate, constants.X_OK);
    const target = await realpath(candidate);
    return basename(target) === 'codex.js' ? ((await realProgram(target)) ?? candidate) : candidate;
  } catch {
    // ENOENT, EACCES. The next candidate is tried, and the error names all of them if none runs.
    return undefined;
  }
}

/** From the manifest of npm's package (0.169.0). */
const TRIPLES: Partial<Record<string, string>> = {
  'linux-x64': 'x86_64-unknown-linux-musl',
  'linux-arm64': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
};

async function realProgram(script: string): Promise<string | undefined> {
  const which = `${platform()}-${arch()}`;
  const triple = TRIPLES[which];
  if (triple === undefined) return undefined;
  try {
    const manifest = createRequire(script).resolve(`@openai/codex-${which}/package.json`);
    const program = join(dirname(manifest), 'vendor', triple, 'bin', 'codex');
    await access(program, constants.X_OK);
    return program;
  } catch {
    return undefined; // MODULE_NOT_FOUND, ENOENT: another version with another layout.
  }
}
