/** The arguments and the environment of Claude Code's program. */
import type { AgentConfig } from '../../config.js';
import { failure, type Failure } from '../../contract/failures.js';
import { childEnvironment } from '../../host/environment.js';
import type { SessionRef } from '../agent.js';
import { gateArguments } from './gate-server.js';
import type { Env } from './store.js';

/**
 * How a turn is started or continued. `resume_turn` has no message: the program continues the turn
 * that was cut off.
 */
export type Start = 'new_session' | 'copy' | 'prompt' | 'nudge' | 'resume_turn';

/** The original of a copy. */
export interface CopyOf {
  /** The id of a session, or the path of its file. */
  of: string;
  /** The last row of the copy. */
  at: string;
}

export type Settings = Pick<AgentConfig, 'permissionMode' | 'settingSources'>;

/** The values of Claude Code's effort. It ignores every other one (2.1.331). */
const VARIANTS = ['low', 'medium', 'high', 'xhigh', 'max'];

/**
 * What Claude Code would refuse at each start, or would work without: it says nothing of a variant
 * or a mode that it does not know.
 */
export function refusalOfSettings(
  { variant, mode }: Pick<SessionRef, 'variant' | 'mode'>,
  settings: Settings,
  env: Env,
): Failure | undefined {
  const ofRoot = refusalToRoot(settings, env);
  if (ofRoot) return ofRoot;
  if (mode !== undefined) {
    const fix =
      'Leave out agents.<name>.mode in continuity.config. What the agent may do is set by agents.<name>.permissionMode.';
    return failure('AGENT_UNKNOWN', `Claude Code is used without modes, and ${mode} was asked for.`, fix);
  }
  if (variant === undefined || VARIANTS.includes(variant)) return undefined;
  return failure(
    'MODEL_FAILED',
    `Claude Code has no variant ${variant}. It has: ${VARIANTS.join(', ')}.`,
    'Name one of the variants that the message lists.',
  );
}

/** Claude Code ends at its start where root runs it without asking, outside of a sandbox (2.1.331). */
export function refusalToRoot({ permissionMode }: Settings, env: Env, uid = process.getuid?.()): Failure | undefined {
  if (uid !== 0 || permissionMode !== 'bypassPermissions') return undefined;
  if (env['IS_SANDBOX'] === '1' || env['CLAUDE_CODE_BUBBLEWRAP']) return undefined;
  return failure(
    'CONFIG_INVALID',
    'Claude Code refuses bypassPermissions (agents.<name>.permissionMode) to root, and this worker runs as root. Nothing was put in.',
    'Run the worker as another user, or set agents.<name>.permissionMode to acceptEdits. In a container that is thrown away: start the worker with IS_SANDBOX=1.',
  );
}

/**
 * `gate`: the folder of the session's asks. A permission that neither the mode nor the person's own
 * rules give is asked for through the gate. Without a gate, it is denied.
 *
 * @throws AgentError SETUP_INCOMPLETE
 */
export function argumentsOf(
  start: Start,
  session: SessionRef,
  { permissionMode, settingSources }: Settings,
  { gate, title, fork }: { gate?: string; title?: string; fork?: CopyOf } = {},
): string[] {
  const { session_id, model, variant, instructions } = session;
  return [
    ...[
      '-p',
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
      '--include-partial-messages',
    ],
    ...(settingSources ? ['--setting-sources', settingSources.join(',')] : []),
    // Servers of MCP are the person's and the project's own, and not in the files of settings.
    ...(settingSources?.length === 0 ? ['--strict-mcp-config'] : []),
    ...(fork ? ['--resume', fork.of, '--fork-session', '--resume-session-at', fork.at] : []),
    ...(start === 'new_session' || start === 'copy'
      ? ['--session-id', session_id, ...optional('--name', title)]
      : ['--resume', session_id]),
    ...optional('--model', model),
    ...optional('--effort', variant),
    ...optional('--permission-mode', permissionMode),
    ...(gate === undefined ? [] : gateArguments(gate)),
    ...optional('--append-system-prompt', instructions),
  ];
}

const optional = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);

const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * Resumes the turn that was cut off, and shows the model a tool call that was cut off with it. Not
 * set when there is a message, because it would revive an earlier turn. Without an age, a turn that
 * a provider refused is resumed for 6 hours only (2.1.331), and a weekly limit lasts for days.
 */
const RESUME_TURN = {
  CLAUDE_CODE_RESUME_INTERRUPTED_TURN: '1',
  CLAUDE_CODE_RESUME_SHOWS_CUT_OFF_CALLS: '1',
  CLAUDE_CODE_RESUME_INTERRUPTED_TURN_MAX_AGE_MS: String(TEN_YEARS_MS),
};

export function environmentOf(start: Start, inherited: Env): Record<string, string> {
  return { ...inheritedBy(inherited), ...(start === 'resume_turn' && RESUME_TURN) };
}

/** Removes the variables that an outer Claude Code has set for itself. */
function inheritedBy(inherited: Env): Record<string, string> {
  const env = childEnvironment(inherited);
  const fromOuter = ['CLAUDE_PID', 'AI_AGENT', ...(inherited['CLAUDECODE'] === undefined ? [] : ['GIT_EDITOR'])];
  return {
    // A provider that refuses is asked a few times. Then the turn ends, and the topic decides.
    CLAUDE_CODE_MAX_RETRIES: '4',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !fromOuter.includes(name))),
    // A sub-agent in the background would outlast the turn, and start another turn at its end.
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    // A program that updates itself during a turn would be a mix of two versions.
    DISABLE_AUTOUPDATER: '1',
  };
}
