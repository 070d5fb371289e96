/**
 * The environment of agents and checks: the worker's environment without the variables that concern
 * only the worker. docs/decisions/0009-what-agents-and-checks-inherit.md gives the reasons, and
 * says why this is a list of what is removed.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that are removed, each group with its reason. */
const KEPT_BACK = [
  // The worker's access to Temporal. With it, a person who can prompt an agent could control every
  // topic of the namespace.
  /^TEMPORAL_/,
  // npm sets these for its own children, and the image sets them for the worker. With them, `npm
  // ci` would omit what a build needs.
  /^npm_/,
  /^(NODE_ENV|INIT_CWD)$/,
  // The session of an agent that started the worker. Variables that configure an agent pass.
  /^OPENCODE(_(?!CONFIG|DB$|DISABLE_|ENABLE_|EXPERIMENTAL|API_KEY$|MODELS_|AUTH_|PERMISSION$|GIT_BASH_PATH$).*)?$/,
  /^CLAUDECODE$/,
  /^CLAUDE_CODE_(?!USE_|SKIP_|OAUTH_TOKEN$|MAX_OUTPUT_TOKENS$|DISABLE_)/,
  /^CODEX_(?!HOME$|API_KEY$)/,
  // Our own markers, with which process trees are found and ended, and settings of the worker
  // alone.
  /^CONTINUITY_(AGENT|SESSION|CHECK|NOTICE|UP_PART|STOP_AGENTS|PASS_ENV)$/,
  // git sets these for its hooks. With them, an agent's git would work on another repository.
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE)$/,
  // With these, a child could send messages to the service manager as if it were the worker.
  /^(NOTIFY_SOCKET|WATCHDOG_PID|WATCHDOG_USEC|LISTEN_PID|LISTEN_FDS|LISTEN_FDNAMES)$/,
];

/**
 * Variables that `CONTINUITY_PASS_ENV` names pass in any case, for example
 * `NODE_ENV,TEMPORAL_ADDRESS`.
 */
export function childEnvironment(env: Environment = process.env): Record<string, string> {
  const passed = new Set((env['CONTINUITY_PASS_ENV'] ?? '').split(/[\s,]+/));
  const passes = (name: string) => passed.has(name) || !KEPT_BACK.some((pattern) => pattern.test(name));
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && passes(entry[0])),
  );
}
