/**
 * The surfaces on which people meet a failure: the library, the command's text, its JSON, and MCP.
 * What each tells, in one shape.
 */
import type { DelegateOptions } from '../../src/client/manager-options.js';
import type { SessionManager } from '../../src/client/session-manager.js';
import { toldOf } from '../../src/client/told.js';
import type { Failure } from '../../src/contract/failures.js';
import { continuityIn, type Surroundings } from '../integration/cli-command.js';
import { mcpClientIn, type McpClient } from './mcp-client.js';

/** As `delegate_task` takes it, and every surface can say it. */
export type Asked = Pick<
  DelegateOptions,
  'prompt_id' | 'session_id' | 'category' | 'agent' | 'cwd' | 'checks' | 'max_fixes' | 'workspace'
> & { topic?: string; prompt: string };

type Flagged = Exclude<keyof Asked, 'prompt' | 'checks' | 'workspace'>;
const FLAGS: Record<Flagged, string> = {
  topic: '--topic',
  prompt_id: '--id',
  session_id: '--session',
  category: '--category',
  agent: '--agent',
  cwd: '--cwd',
  max_fixes: '--max-fixes',
};

export function delegateWords({ prompt, checks = [], workspace, ...asked }: Asked): string[] {
  const flags = Object.entries(asked).flatMap(([name, value]) => [FLAGS[name as Flagged], String(value)]);
  if (workspace) flags.push('--workspace', workspace.mode);
  return ['delegate', ...flags, ...checks.flatMap(({ run }) => ['--check', run]), '--', prompt];
}

export async function toldByLibrary(work: () => Promise<{ error?: Failure }>): Promise<Failure | undefined> {
  try {
    return (await work()).error;
  } catch (error) {
    return toldOf(error).error as Failure;
  }
}

export async function toldByDelegate(
  connect: () => Promise<SessionManager>,
  { topic, prompt, ...options }: Asked,
): Promise<Failure | undefined> {
  return toldByLibrary(async () => (await connect()).delegate(topic, prompt, options));
}

export interface ToldByCommand {
  stdout: string;
  stderr: string;
  /** The exit codes of the text form and of the JSON form. */
  exits: (number | undefined)[];
  json: Failure | undefined;
}

/**
 * The same words twice: for a person, and as JSON. Not `atOnce` what would be in its own way on one
 * data directory.
 */
export async function toldByCommand(
  [name = '', ...words]: string[],
  surroundings: Surroundings,
  atOnce = true,
): Promise<ToldByCommand> {
  const continuity = continuityIn(surroundings);
  const telling = continuity([name, ...words]);
  if (!atOnce) await telling;
  const [text, json] = await Promise.all([telling, continuity([name, '--json', ...words])]);
  return {
    stdout: text.stdout,
    stderr: text.stderr,
    exits: [text.exitCode, json.exitCode],
    json: (JSON.parse(json.stdout || '{}') as { error?: Failure }).error,
  };
}

export interface ToldByMcp {
  structured: Failure | undefined;
  status: string;
  text: string;
  isError: boolean;
}

export class McpServers {
  readonly #clients = new Map<Surroundings, Promise<McpClient>>();

  /** By one server for each of the surroundings. */
  async told(tool: string, args: object, surroundings: Surroundings): Promise<ToldByMcp> {
    const client = this.#clients.get(surroundings) ?? mcpClientIn(surroundings);
    this.#clients.set(surroundings, client);
    const { content, text, isError } = await (await client).call(tool, args);
    return { structured: content.error, status: content.status, text, isError };
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await (await client).close();
  }
}
