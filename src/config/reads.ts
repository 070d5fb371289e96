/** The part of an environment that says which config files are read, and which of them are trusted. */
import { resolve } from 'node:path';
import type { Environment } from '../host/environment.js';
import { homeOf } from '../host/home.js';
import type { WorkerReads } from '../host/worker-state.js';

export type Reads = WorkerReads;

/** The same for every directory: a relative path in it means this process's directory. */
export function readsOf(env: Environment): Reads {
  const { XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG: named } = env;
  return {
    HOME: homeOf(env),
    XDG_CONFIG_HOME: XDG_CONFIG_HOME || undefined,
    XDG_STATE_HOME: XDG_STATE_HOME || undefined,
    CONTINUITY_CONFIG: named ? resolve(named) : undefined,
  };
}
