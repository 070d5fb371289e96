/** How Claude Code starts the gate, and asks it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';

/** Different from the name of any server that a person may have. */
const SERVER = 'continuity_asks';

/**
 * The longest time that a timer takes: 24 days. It also replaces the 30 minutes after which a silent
 * call fails (2.1.331).
 */
const WAITS_FOR_MS = 2 ** 31 - 1;

/**
 * The model does not see the tool (2.1.331). The arguments are the same in every run of a session.
 *
 * @throws AgentError SETUP_INCOMPLETE
 */
export function gateArguments(folder: string): string[] {
  const server = {
    type: 'stdio',
    command: process.execPath,
    args: [gateScript(), folder],
    env: { NODE_OPTIONS: '' }, // A person's own may slow the gate down, or print.
    timeout: WAITS_FOR_MS,
  };
  const config = JSON.stringify({ mcpServers: { [SERVER]: server } });
  return ['--mcp-config', config, '--permission-prompt-tool', `mcp__${SERVER}__ask`];
}

/** The built program, which needs no compiler to start. A source checkout has it in `dist`. */
function gateScript(): string {
  const built = ['./gate.js', '../../../dist/src/agents/claude-code/gate.js']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
  if (built === undefined)
    throw new AgentError(
      failure(
        'SETUP_INCOMPLETE',
        'The program through which Claude Code asks for permission is not built: gate.js is missing from dist.',
        'Run: npm run build',
      ),
      false,
    );
  return fileURLToPath(built);
}
