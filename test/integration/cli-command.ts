/** The `continuity` command as a person runs it: a process of its own, from what is built. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import type { World } from '../support/world.js';

export const CONTINUITY = fileURLToPath(new URL('../../bin/continuity.js', import.meta.url));

export interface Surroundings {
  cwd: string;
  env: Record<string, string>;
}

/** A command that talks to the world's server, about its data directory. */
export const surroundingsOf = ({ dir, address, config }: World): Surroundings => ({
  cwd: dir,
  env: { TEMPORAL_ADDRESS: address, CONTINUITY_DATA_DIR: config.dataDir },
});

/** Nothing of the person's own settings comes in. */
export function continuityIn({ cwd, env }: Surroundings) {
  const clean = { PATH: process.env.PATH ?? '', HOME: cwd, ...env };
  const options = {
    cwd,
    env: clean,
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    forceKillAfterDelay: 20_000,
  } as const satisfies Options;
  return (words: string[], more: { input?: string; cwd?: string; env?: Record<string, string> } = {}) =>
    execa(process.execPath, [CONTINUITY, ...words], {
      ...options,
      ...(more.cwd && { cwd: more.cwd }),
      env: { ...clean, ...more.env },
      input: more.input ?? '',
    });
}

export type Continuity = ReturnType<typeof continuityIn>;

const hook =
  'import{writeSync}from"node:fs";export const resolve=async(s,c,n)=>{const r=await n(s,c);writeSync(2,`LOADED ${r.url}\\n`);return r}';
const register = `data:text/javascript,import{register}from"node:module";register("data:text/javascript,"+encodeURIComponent(${JSON.stringify(hook)}))`;

/** Environment of a process that says on stderr which modules it loads. */
export const TELLS_WHAT_IT_LOADS = { NODE_OPTIONS: `--import=${encodeURI(register)}` };

/**
 * The files that such a process loaded. Of the bundle: those that `npm run build` put into its
 * chunks.
 */
export function loadedBy(stderr: string): string[] {
  const chunks = JSON.parse(readFileSync(new URL('../../dist/command.json', import.meta.url), 'utf8')) as Record<
    string,
    string[]
  >;
  const files = [...stderr.matchAll(/^LOADED file:\/\/(.+)$/gm)].map(([, file]) => file ?? '');
  return files.flatMap((file) =>
    file.includes('/dist/command/') ? [file, ...(chunks[basename(file)] ?? [])] : [file],
  );
}
