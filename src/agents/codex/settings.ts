/**
 * What a turn may do. Every turn carries it: a resumed thread takes any missing setting from the
 * environment, and could then write what its sandbox had forbidden. The mode of an agent in our
 * config is Codex's sandbox.
 */
import { failure, type Failure } from '../../contract/failures.js';

export const SANDBOXES = ['workspace-write', 'read-only', 'danger-full-access'] as const;
export type Sandbox = (typeof SANDBOXES)[number];

/** No person can be asked. Whatever the sandbox forbids fails, and the model is informed. */
export const APPROVALS = 'never';

export interface SandboxPolicy {
  type: string;
  [fact: string]: unknown;
}

const POLICIES: Record<Sandbox, SandboxPolicy> = {
  'workspace-write': {
    type: 'workspaceWrite',
    writableRoots: [],
    networkAccess: false,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  },
  'read-only': { type: 'readOnly', networkAccess: false },
  'danger-full-access': { type: 'dangerFullAccess' },
};

export function sandboxOf(mode: string | undefined): Sandbox {
  return SANDBOXES.find((sandbox) => sandbox === mode) ?? SANDBOXES[0];
}

/**
 * The resumed thread's policy, if it has the type of the mode. It has the additions of the person's
 * own configuration, such as writable roots.
 */
export function policyOf(mode: string | undefined, resumed: SandboxPolicy): SandboxPolicy {
  const policy = POLICIES[sandboxOf(mode)];
  return resumed.type === policy.type ? resumed : policy;
}

export function refusalOfSettings(mode: string | undefined): Failure | undefined {
  if (mode === undefined || SANDBOXES.some((sandbox) => sandbox === mode)) return undefined;
  return failure(
    'AGENT_UNKNOWN',
    `Codex has no mode ${mode}. It has: ${SANDBOXES.join(', ')}.`,
    'Use one of the modes that the message lists.',
  );
}
