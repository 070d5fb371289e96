/** The environment variables that decide which config files are read and trusted. */
import { resolve } from 'node:path';
import type { Environment } from '../host/environment.js';
import { homeOf } from '../host/home.js';
import type { WorkerReads } from '../host/worker-state.js';

export type Reads = WorkerReads;

/** Makes relative paths absolute, from this process's directory. */
export function readsOf(env: Environment): Reads {
  const { XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG: named } = env;
  return {
    HOME: homeOf(env),
    XDG_CONFIG_HOME: XDG_CONFIG_HOME || undefined,
    XDG_STATE_HOME: XDG_STATE_HOME || undefined,
    CONTINUITY_CONFIG: named ? resolve(named) : undefined,
  };
}
