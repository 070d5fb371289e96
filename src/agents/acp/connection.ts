/** ACP with one process of an agent: calls, and what the agent tells and asks by itself. */
import {
  client,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type AnyMessage,
  type ClientConnection,
} from '@agentclientprotocol/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { AgentAskKind } from '../../contract/asks.js';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';
import { Unreachable } from '../driver.js';
import { AgentProcess, type Command } from './agent-process.js';
import { WITHDRAWN } from './open-asks.js';
import { messagesOf } from './stdout-messages.js';
import { updateIn, type Update } from './updates.js';

export const CALL_MS = 60_000;
const STARTS = 3;
const PAUSE_MS = 500;

const has = z
  .unknown()
  .optional()
  .transform((value) => value !== undefined && value !== null && value !== false);
const Initialized = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: z
    .looseObject({ name: z.string(), title: z.string().nullish(), version: z.string().nullish() })
    .nullish()
    .catch(undefined),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().optional().catch(false),
      sessionCapabilities: z.looseObject({ resume: has, delete: has }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  authMethods: z
    .array(z.looseObject({ name: z.string() }))
    .nullish()
    .catch(undefined),
});

export interface Capabilities {
  /** By name and version, where the agent says it. */
  info: string | undefined;
  load: boolean;
  resume: boolean;
  delete: boolean;
  /** How a person can log in, in the agent's words. */
  logins: string[];
}

export interface Listener {
  on(sessionId: string, update: Update | undefined): void;
  /**
   * The agent asks something. `gone`: it took that back, or has ended.
   *
   * @returns what it is answered. undefined: no person is asked, because there is no turn for that
   * or too much is asked already
   */
  asked?(kind: AgentAskKind, params: unknown, gone: AbortSignal): Promise<object> | undefined;
}

export interface Starting {
  /** For messages. */
  title: string;
  command: Command;
  /** Of all runs. */
  folder: string;
  /** An agent that npx fetches takes its time. */
  startsWithinMs: number;
  log: (text: string) => void;
}

export class Connection {
  listener: Listener | undefined;
  #passedOver: string | undefined;
  readonly #connection: ClientConnection;

  private constructor(
    readonly process: AgentProcess,
    readonly title: string,
    private readonly log: (text: string) => void,
  ) {
    const isAny = (params: unknown) => params;
    this.#connection = client({ name: 'session-continuity' })
      .onNotification(methods.client.session.update as string, isAny, ({ params }) => this.#update(params))
      .onRequest(methods.client.session.requestPermission as string, isAny, ({ params, signal }) =>
        this.#asked('permission', params, signal),
      )
      .onRequest(methods.client.elicitation.create as string, isAny, ({ params, signal }) =>
        this.#asked('question', params, signal),
      )
      .connect({ readable: this.#readable(), writable: this.#writable() });
  }

  /**
   * Starts the agent, a few times if it ends by itself: its store may be locked by another one.
   *
   * @throws AgentError, Unreachable
   */
  static async open({ title, command, folder, startsWithinMs, log }: Starting): Promise<[Connection, Capabilities]> {
    for (let start = 1; ; start += 1) {
      const connection = new Connection(await AgentProcess.start(folder, command, log), title, log);
      try {
        return [connection, await connection.#initialize(startsWithinMs)];
      } catch (error) {
        const hasEnded = connection.process.exitCode !== null;
        await connection.process.end(false);
        if (!hasEnded || start === STARTS) throw error;
        await sleep(start * PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  get isClosed(): boolean {
    return this.#connection.signal.aborted || this.process.ended !== undefined;
  }

  /** Settles once the process no longer answers. */
  get closed(): Promise<void> {
    return this.#connection.closed.catch(() => undefined);
  }

  /** @throws RequestError that the agent answered with; Unreachable where it did not answer */
  async call(method: string, params: object, withinMs = CALL_MS): Promise<unknown> {
    const late = new AbortController();
    const answer = this.request(method, params).finally(() => late.abort());
    const timeout = sleep(withinMs, undefined, { signal: late.signal, ref: false }).then(
      () => {
        throw new Unreachable(`${this.title} did not answer ${method} within ${withinMs / 1000} s`);
      },
      () => answer, // AbortError: it answered.
    );
    answer.catch(() => undefined); // Whoever waits for the race gets it.
    try {
      return await Promise.race([answer, timeout]);
    } catch (error) {
      if (error instanceof RequestError || error instanceof Unreachable) throw error;
      throw new Unreachable(`${this.title} did not answer ${method}: ${await this.process.whyItEnded()}`, {
        cause: error,
      });
    }
  }

  /** Without a limit of time. */
  request(method: string, params: object): Promise<unknown> {
    return this.#connection.agent.request<unknown>(method, params);
  }

  /** Not answered. It is lost where the process has ended. */
  notify(method: string, params: object): void {
    this.#connection.agent.notify(method, params).catch(() => undefined);
  }

  async #initialize(withinMs: number): Promise<Capabilities> {
    const params = {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: 'session-continuity', version: '0' },
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        elicitation: { form: {}, url: {} },
      },
    };
    const answered = Initialized.safeParse(
      await this.call('initialize', params, withinMs).catch((error: unknown) => this.#mute(error)),
    );
    if (!answered.success) throw this.#speaksOther('its answer to initialize is none of ACP');
    const { protocolVersion, agentInfo, agentCapabilities: can, authMethods } = answered.data;
    if (protocolVersion !== PROTOCOL_VERSION)
      throw this.#speaksOther(`it speaks version ${protocolVersion} of ACP, and ${PROTOCOL_VERSION} is needed`);
    return {
      info: agentInfo ? [agentInfo.title ?? agentInfo.name, agentInfo.version].filter(Boolean).join(' ') : undefined,
      load: can?.loadSession ?? false,
      resume: can?.sessionCapabilities?.resume ?? false,
      delete: can?.sessionCapabilities?.delete ?? false,
      logins: authMethods?.map(({ name }) => name) ?? [],
    };
  }

  /** What an agent that does not even initialize is: one that says so, that ended, or none at all. */
  #mute(error: unknown): never {
    if (error instanceof RequestError) throw this.#speaksOther(`it refused initialize: ${error.message}`);
    if (this.process.exitCode !== null) {
      const message =
        `${this.title} ended before it could be used: exit code ${this.process.exitCode}. ${this.process.lastWords}`.trim();
      throw new AgentError(
        failure('AGENT_CRASHED', message, 'Start its command in a terminal and see what it needs.'),
        false,
      );
    }
    if (this.isClosed) throw error;
    throw this.#speaksOther('it did not answer initialize');
  }

  #speaksOther(why: string): AgentError {
    const said = this.#passedOver === undefined ? '' : ` Its output began with: ${this.#passedOver.slice(0, 200)}`;
    const { spawnargs } = this.process.child as unknown as { spawnargs: string[] };
    const message = `${this.title} cannot be used through ACP: ${why}. Its command is: ${spawnargs.join(' ')}.${said}`;
    return new AgentError(
      failure(
        'AGENT_UNSUPPORTED',
        message,
        'Name the command that starts it as an ACP agent (agents.<name>.command in continuity.config), such as ["gemini", "--acp"].',
      ),
      false,
    );
  }

  #update(params: unknown): void {
    const told = updateIn(params);
    if (told) this.listener?.on(told.sessionId, told.update);
  }

  async #asked(kind: AgentAskKind, params: unknown, gone: AbortSignal): Promise<object> {
    const answer = this.listener?.asked?.(kind, params, gone);
    if (!answer) this.log(`A ${kind} was asked for outside of a turn or too often, and was denied.\n`);
    return (await answer) ?? WITHDRAWN[kind];
  }

  #readable(): ReadableStream<AnyMessage> {
    return messagesOf(this.process, (line) => {
      this.#passedOver ??= line;
      this.log(`${line}\n`);
    });
  }

  #writable(): WritableStream<AnyMessage> {
    const { stdin } = this.process.child;
    return new WritableStream({
      write: (message) =>
        new Promise((resolve, reject) =>
          stdin.write(`${JSON.stringify(message, wellFormed)}\n`, (error) => (error ? reject(error) : resolve())),
        ),
    });
  }
}

/** Half of a surrogate pair becomes U+FFFD, as in UTF-8. */
const wellFormed = (_key: string, value: unknown) =>
  typeof value === 'string' ? Buffer.from(value).toString() : value;
