import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from '../../mcp/limits.js';
import type { KnownAgents } from '../../mcp/schemas.js';
import { defined } from '../../contract/defined.js';
import { Failed } from '../../contract/failures.js';
import type { PushStore } from '../../contract/pushes.js';
import { command } from '../args/command.js';
import { connect } from '../connect.js';
import { UsageError } from '../args/usage-error.js';
import { VERSION } from '../version.js';

export default command({
  name: 'mcp',
  summary:
    'Serves delegate_task and five more tools to an orchestrating agent over MCP, until the agent closes stdin.\nReads and prints MCP messages on stdin and stdout.',
  flags: {
    wait: {
      kind: 'text',
      value: 'SECONDS',
      help: `How long a call waits for the reply before it answers "accepted". Default: ${DEFAULT_WAIT_SECONDS}. Also: CONTINUITY_MCP_WAIT.`,
    },
    channel: {
      kind: 'switch',
      help: 'Report to the model of Claude Code when a task ends, asks or waits. Start it with: claude --dangerously-load-development-channels server:continuity',
    },
  },
  args: [],
  examples: [
    [
      'claude mcp add continuity -- npx session-continuity mcp',
      'Claude Code; docs/mcp.md has OpenCode, Codex and VS Code',
    ],
    ['continuity mcp --cwd ~/app --wait 240', 'for a client that waits for five minutes'],
  ],
  async run({ flags }) {
    const waitSeconds = secondsOf(flags.wait ?? process.env.CONTINUITY_MCP_WAIT ?? `${DEFAULT_WAIT_SECONDS}`);
    // stdout is for the protocol. A config file in JavaScript or a library may print to the
    // console.
    globalThis.console = new console.Console(process.stderr, process.stderr);
    const { serveMcp } = await import('../../mcp/server.js');
    await serveMcp({
      agents: await agentsIn(flags['data-dir']),
      // The caller is a model and not the person at this machine, so the config decides which
      // commands it may run.
      connect: async () => (await connect(flags, { signsChecks: false })).manager,
      waitSeconds,
      channel: flags.channel === true,
      pushStore: (client) => pushStoreOf(client, flags['data-dir']),
      version: VERSION,
      note,
    });
  },
});

const note = (line: string) => console.error(`continuity mcp: ${line}`);

/** Reading `temporal.toml` takes the libraries of Temporal, and the tools are told before those are loaded. */
async function pushStoreOf(client: string, dataDir: string | undefined): Promise<PushStore> {
  const [{ pushStoreIn }, { dataDirOf }] = await Promise.all([
    import('../../host/push-store.js'),
    import('../../host/data-dir.js'),
  ]);
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = process.env;
  const temporal = [TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE];
  const owner = { client, cwd: process.cwd(), temporal: temporal.map((name) => name ?? '') };
  return pushStoreIn(dataDirOf(defined({ dataDir })), owner, note);
}

/** What is wrong with the config is said by each call, until it is mended. */
async function agentsIn(dataDir: string | undefined): Promise<KnownAgents> {
  const { loadConfig } = await import('../../config.js');
  try {
    const { agents, defaultAgent: usual } = await loadConfig(defined({ dataDir }));
    return { names: Object.keys(agents), ...defined({ usual }) };
  } catch (error) {
    if (error instanceof Failed) return { names: [] };
    throw error;
  }
}

function secondsOf(said: string): number {
  const seconds = said.trim() === '' ? NaN : Number(said);
  if (seconds >= 0 && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new UsageError(
    `--wait (or CONTINUITY_MCP_WAIT) must be a number of seconds from 0 to ${MAX_WAIT_SECONDS}, got ${JSON.stringify(said)}.`,
    'See: continuity mcp --help',
  );
}
