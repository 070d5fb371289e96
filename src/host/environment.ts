/**
 * The environment of agents and checks: that of the worker, without what is the worker's alone. The reasons, and why this is no list of
 * what may pass: docs/decisions/0009-what-agents-and-checks-inherit.md.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that are kept back, each group with its reason. */
const KEPT_BACK = [
  // The worker's access to Temporal: with it, whoever drives an agent drives every topic of the namespace.
  /^TEMPORAL_/,
  // Set by npm for its own children, and by the image for the worker. `npm ci` would omit what a build needs.
  /^npm_/,
  /^(NODE_ENV|INIT_CWD)$/,
  // The session of an agent that started the worker. What configures an agent passes.
  /^OPENCODE(_(?!CONFIG|DB$|DISABLE_|ENABLE_|EXPERIMENTAL|API_KEY$|MODELS_|AUTH_|PERMISSION$|GIT_BASH_PATH$).*)?$/,
  /^CLAUDECODE$/,
  /^CLAUDE_CODE_(?!USE_|SKIP_|OAUTH_TOKEN$|MAX_OUTPUT_TOKENS$|DISABLE_)/,
  /^CODEX_(?!HOME$|API_KEY$)/,
  // Our own marks of processes, by which trees are ended, and what is said to the worker alone.
  /^CONTINUITY_(AGENT|CHECK|UP_PART|STOP_AGENTS|PASS_ENV)$/,
  // Set by git for its hooks: the git of an agent would work on another repository.
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE)$/,
  // A child could speak to the service manager in the name of the worker.
  /^(NOTIFY_SOCKET|WATCHDOG_PID|WATCHDOG_USEC|LISTEN_PID|LISTEN_FDS|LISTEN_FDNAMES)$/,
];

/** `CONTINUITY_PASS_ENV`, such as `NODE_ENV,TEMPORAL_ADDRESS`, names what passes all the same. */
export function childEnvironment(env: Environment = process.env): Record<string, string> {
  const passed = new Set((env['CONTINUITY_PASS_ENV'] ?? '').split(/[\s,]+/));
  const passes = (name: string) => passed.has(name) || !KEPT_BACK.some((pattern) => pattern.test(name));
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && passes(entry[0])));
}
