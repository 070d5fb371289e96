/**
 * What a turn may do. Every turn carries it: a resumed thread takes any missing setting from the
 * environment, and could then write what its sandbox had forbidden. The mode of an agent in our
 * config is Codex's sandbox.
 */
import * as z from 'zod';
import { failure, type Failure } from '../../contract/failures.js';
import type { Connection } from './connection.js';

export const SANDBOXES = ['workspace-write', 'read-only', 'danger-full-access'] as const;
export type Sandbox = (typeof SANDBOXES)[number];

/** When a turn asks a person: a name, or an object with a choice for each kind of request. */
export type Approvals = string | object;

/**
 * Codex's own default (0.169.0): a command runs in the sandbox, and the model asks if it needs to
 * run outside of it.
 */
const APPROVALS = 'on-request';

const Config = z.object({
  config: z.object({ approval_policy: z.union([z.string(), z.looseObject({})]).nullish() }),
});

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
 * What the person's own configuration says of it, which may differ between projects.
 *
 * @throws CallFailed
 */
export async function approvalsIn(connection: Connection, cwd: string | undefined): Promise<Approvals> {
  const read = await connection.call('config/read', { includeLayers: false, cwd: cwd ?? null });
  return Config.parse(read).config.approval_policy ?? APPROVALS;
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
