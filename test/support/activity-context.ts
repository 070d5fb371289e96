/** What a host gives its activities, whole: a cast would hide what a test forgot. */
import { join } from 'node:path';
import { AbsentModels } from '../../src/activities/absent-models.js';
import { Directories } from '../../src/activities/directories.js';
import type { ActivityContext } from '../../src/activities/context.js';
import { configuredOf } from '../../src/activities/configured.js';
import { ProviderGate } from '../../src/activities/provider-gate.js';
import { Fence } from '../../src/agents/turn/fence.js';
import { loadConfig, type Config, type Limits } from '../../src/config.js';

const NOWHERE = '/nonexistent';
const defaults = await loadConfig({ cwd: '/', dataDir: NOWHERE, env: { HOME: NOWHERE } });

const notMeant = (what: string) => () => Promise.reject(new Error(`No test meant to call ${what}.`));

/** The defaults, with these changes. */
export function configWith({
  limits,
  ...changes
}: Partial<Omit<Config, 'limits'>> & { limits?: Partial<Limits> }): Config {
  return { ...defaults, ...changes, limits: { ...defaults.limits, ...limits } };
}

export function activityContext(given: Partial<ActivityContext>): ActivityContext {
  const decided = {
    config: defaults,
    agents: new Map(),
    projectOf: notMeant('projectOf'),
    defaultAgent: notMeant('defaultAgent'),
    ...given,
  };
  return {
    ...decided,
    configured: configuredOf(decided),
    host: 'h',
    isCheckProof: notMeant('isCheckProof'),
    stateOfHistory: notMeant('stateOfHistory'),
    log: () => undefined,
    fence: new Fence(),
    providers: new ProviderGate(),
    absentModels: new AbsentModels(),
    directories: new Directories(join(NOWHERE, 'directories')),
    ...given,
  };
}
