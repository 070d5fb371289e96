import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from '../../mcp/limits.js';
import { command } from '../command.js';
import { connect } from '../connect.js';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';

export default command({
  name: 'mcp',
  summary: 'Serves delegate_task and its companions to an orchestrating agent over MCP, on stdin and stdout, until that agent closes them.',
  flags: {
    wait: { kind: 'text', value: 'SECONDS', help: `How long a call waits for the reply before it answers "accepted". Default ${DEFAULT_WAIT_SECONDS}. Also: CONTINUITY_MCP_WAIT.` },
  },
  args: [],
  examples: [
    ['claude mcp add continuity -- npx session-continuity mcp', 'Claude Code; docs/mcp.md has OpenCode, Codex and VS Code'],
    ['continuity mcp --cwd ~/app --wait 240', 'for a client that waits for five minutes'],
  ],
  async run({ flags }) {
    const waitSeconds = secondsOf(flags.wait ?? process.env.CONTINUITY_MCP_WAIT ?? `${DEFAULT_WAIT_SECONDS}`);
    // stdout is the protocol's. A config file in JavaScript, or a library, may want to print.
    globalThis.console = new console.Console(process.stderr, process.stderr);
    const { serveMcp } = await import('../../mcp/server.js');
    await serveMcp({
      // A model is not the person at this machine: what it may have run, config says.
      connect: async () => (await connect(flags, { signsChecks: false })).manager,
      waitSeconds,
      version: VERSION,
      note: (line) => console.error(`continuity mcp: ${line}`),
    });
  },
});

function secondsOf(said: string): number {
  const seconds = said.trim() === '' ? NaN : Number(said);
  if (seconds >= 0 && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new UsageError(`--wait (or CONTINUITY_MCP_WAIT) must be a number of seconds from 0 to ${MAX_WAIT_SECONDS}, got ${JSON.stringify(said)}.`, 'See: continuity mcp --help');
}
