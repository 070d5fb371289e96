/**
 * Names of Codex's tools in this project. Tools that run a command are `bash`, as with the other
 * agents.
 */
const COMMANDS = ['exec_command', 'shell_command', 'shell', 'local_shell_call'];

export const toolOf = (name: string): string => (COMMANDS.includes(name) ? 'bash' : name);

/** Arguments are JSON, or the text of a patch. */
export function inputOf(said: unknown): unknown {
  if (typeof said !== 'string') return said;
  try {
    return JSON.parse(said) as unknown;
  } catch {
    return said; // SyntaxError: the arguments are text.
  }
}

/** e.g. `bash: npm test` */
export function stepOfCall(name: string, said: unknown): string {
  const input = inputOf(said);
  const facts = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const subject = ['cmd', 'command', 'query', 'path']
    .map((key) => facts[key])
    .find((value) => typeof value === 'string' || Array.isArray(value));
  return subject === undefined ? toolOf(name) : `${toolOf(name)}: ${[subject].flat().join(' ')}`;
}
