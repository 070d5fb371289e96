/**
 * The MCP server. It serves the tools to one client over stdin and stdout, until the client
 * disconnects. This module loads nothing of Temporal.
 */
import {
  McpServer,
  type CallToolResult,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type * as z from 'zod';
import { sessionError } from '../client/session-error.js';
import type { SessionManager } from '../client/session-manager.js';
import { refusalAnswer } from './answers.js';
import { readArguments } from './arguments.js';
import { reportTo, type Call } from './call.js';
import { HandedOver } from './handed-over.js';
import { LazyManager } from './lazy-manager.js';
import { Lines } from './lines.js';
import { Person } from './person.js';
import { Pushes } from './pushes.js';
import { capabilitiesOf, report, type Reporting } from './reports.js';
import type { KnownAgents } from './schemas.js';
import { INSTRUCTIONS, toolsWith, type Tool } from './tools.js';

export interface ServeOptions extends Reporting {
  /**
   * The first call that needs a connection calls it. A later call calls it again after a failure.
   */
  connect: () => Promise<SessionManager>;
  agents: KnownAgents;
  /** How many seconds a call waits when it does not say it. */
  waitSeconds: number;
  version: string;
  /** Gets a problem that belongs to no call, such as a line that is not a message. */
  note: (line: string) => void;
}

/**
 * Resolves when the client has closed stdin or no longer reads. Prompts that the client has sent by
 * then are accepted first, and continue.
 */
export async function serveMcp(options: ServeOptions): Promise<void> {
  const { connect, agents, waitSeconds, version, note } = options;
  const manager = new LazyManager(connect);
  const using: Call['using'] = (work) => manager.use(work);
  const pushes = new Pushes({ using, note });
  const handedOver = new HandedOver((prompt) => pushes.answered(prompt));
  const underWay = new Set<Promise<unknown>>();
  const transport = new EndingTransport(new Lines(note));

  const answered = (tool: Tool, args: unknown, context: ServerContext, person?: Person): Promise<CallToolResult> => {
    const call: Call = {
      using,
      handedOver,
      pushes,
      waitSeconds,
      signal: context.mcpReq.signal,
      ...reportTo(context),
      ...(person && { person }),
    };
    const answer = run(tool, args, call);
    if (tool.annotations.readOnlyHint) return answer; // Nobody waits for what it finds once the client has gone.
    underWay.add(answer);
    return answer.finally(() => underWay.delete(answer));
  };

  const newServer = () => {
    const server = new McpServer(
      { name: 'continuity', title: 'session-continuity', version },
      { instructions: INSTRUCTIONS, capabilities: capabilitiesOf(options) },
    );
    report(pushes, server, options);
    const person = new Person((params, options) => server.server.elicitInput(params, options));
    for (const tool of toolsWith(agents)) {
      const { name, title, description, input, annotations } = tool;
      const config = {
        title,
        description,
        annotations,
        inputSchema: unchecked(input),
      };
      server.registerTool(name, config, (args, context) =>
        answered(tool, args, context, canElicit(server) ? person : undefined),
      );
    }
    return server;
  };

  await serve(newServer, transport, options);
  await transport.ended;
  await Promise.allSettled(underWay);
  await pushes.end();
  await manager.disconnect();
}

/**
 * With a channel, the server speaks only the protocol with `initialize`. In the newer one, a server sends
 * only what the client has asked for.
 */
async function serve(
  newServer: () => McpServer,
  transport: StdioServerTransport,
  { channel, note }: ServeOptions,
): Promise<void> {
  const onerror = ({ message }: Error) => note(message);
  if (!channel) return void serveStdio(newServer, { transport, onerror });
  const server = newServer();
  server.server.onerror = onerror;
  await server.connect(transport);
}

/** A client that names no mode shows forms. */
function canElicit({ server }: McpServer): boolean {
  const { elicitation } = server.getClientCapabilities() ?? {};
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

async function run(tool: Tool, given: unknown, call: Call): Promise<CallToolResult> {
  const parsed = readArguments(tool.input, given);
  try {
    if (!parsed.success)
      throw sessionError(
        'INVALID_PROMPT',
        `${tool.name} was called wrongly. ${parsed.error.issues.map(sentence).join(' ')}`,
      );
    return await tool.run(parsed.data as never, call);
  } catch (error) {
    return refusalAnswer(error);
  }
}

function sentence({ path, message }: z.core.$ZodIssue): string {
  return path.length > 0 ? `Field "${path.join('.')}": ${message}.` : `${message}.`;
}

/**
 * Gives the client the schema without its validation. We validate the input ourselves, so that a
 * refusal has a code and a fix like every other.
 */
function unchecked(schema: z.ZodType): StandardSchemaWithJSON<unknown> {
  const { jsonSchema, vendor, version } = (schema as unknown as StandardSchemaWithJSON)['~standard'];
  return { '~standard': { jsonSchema, vendor, version, validate: (value) => ({ value }) } };
}

/** The one place through which every end of the connection passes. */
class EndingTransport extends StdioServerTransport {
  #end = () => {};
  readonly ended = new Promise<void>((resolve) => (this.#end = resolve));

  constructor(private readonly lines: Lines) {
    super(process.stdin.pipe(lines));
  }

  override async close(): Promise<void> {
    process.stdin.unpipe(this.lines);
    process.stdin.pause(); // A client that no longer reads may keep it open.
    await super.close();
    this.#end();
  }
}
