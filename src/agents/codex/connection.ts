/**
 * Speaks JSON-RPC with the app-server, over one WebSocket on its Unix socket. Each text frame has
 * one message.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { Unreachable } from '../driver.js';
import { heldRequest, refusalOf, type HeldRequest } from './answers.js';

const CALL_MS = 20_000;
/** Records of a rollout come one by one, but an answer may contain a long text. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const Message = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
type Message = z.infer<typeof Message>;

/** The server refused a call, or did not answer it. What it did is unknown, so look again. */
export class CallFailed extends Unreachable {
  override readonly name = 'CallFailed';
  constructor(
    readonly method: string,
    /** The JSON-RPC error code. Absent: there was no answer at all. */
    readonly code: number | undefined,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`Codex did not carry out ${method}: ${reason}`, options);
  }
}

/** A message that the server sends by itself. */
export interface Notice {
  method: string;
  params: unknown;
  /** It is a request, which waits for a person or was refused at once. */
  request?: HeldRequest | 'refused';
}

const Resolved = z.object({ requestId: z.union([z.number(), z.string()]) });

export class Connection {
  closed = false;
  #calls = 0;
  readonly #waiting = new Map<number, (message: Message | undefined) => void>();
  readonly #listeners = new Set<(notice: Notice | undefined) => void>();
  readonly #held = new Map<number | string, HeldRequest>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.#receive(data.toString('utf8')));
    socket.on('error', () => undefined); // The socket closes after an error, and closing it ends every call.
    socket.once('close', () => this.#end());
  }

  /** @throws Unreachable when the server does not answer within the time */
  static async open(path: string, withinMs: number): Promise<Connection> {
    const createConnection = () => connect(path);
    const socket = new WebSocket('ws://localhost/', {
      createConnection,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    const connection = new Connection(socket);
    // The timeout of ws (`handshakeTimeout`) does not apply to a connection that we create.
    const late = setTimeout(() => socket.terminate(), withinMs);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      const clientInfo = { name: 'session-continuity', title: null, version: '0' };
      await connection.call(
        'initialize',
        { clientInfo, capabilities: { experimentalApi: true, requestAttestation: false } },
        withinMs,
      );
      connection.#send({ method: 'initialized' });
      return connection;
    } catch (cause) {
      connection.close();
      if (cause instanceof Unreachable) throw cause;
      throw new Unreachable(`Codex's app-server did not answer on ${path}: ${String(cause)}`, { cause });
    } finally {
      clearTimeout(late);
    }
  }

  /** @throws CallFailed */
  async call(method: string, params: object, withinMs = CALL_MS): Promise<unknown> {
    if (this.closed) throw new CallFailed(method, undefined, 'the connection is closed');
    const id = ++this.#calls;
    const late = new AbortController();
    const answer = new Promise<Message | undefined>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ id, method, params });
    // AbortError: the answer came.
    const timeout = sleep(withinMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
    const message = await Promise.race([answer, timeout]);
    this.#waiting.delete(id);
    late.abort();
    if (!message)
      throw new CallFailed(
        method,
        undefined,
        this.closed ? 'the connection broke' : `no answer within ${withinMs / 1000} s`,
      );
    if (message.error) throw new CallFailed(method, message.error.code, message.error.message);
    return message.result;
  }

  /** What waits for an answer in a thread that this connection has resumed, oldest first. */
  held(thread: string): HeldRequest[] {
    return [...this.#held.values()].filter((request) => request.thread === thread);
  }

  /** Once the thread was let go of. The server sends what still waits when it is resumed. */
  forget(thread: string): void {
    for (const { id } of this.held(thread)) this.#held.delete(id);
  }

  /**
   * Answers a request, and waits until the server says that it is answered, by us or by another
   * client. If the server does not say so, the connection is closed, because the next one shows what
   * still waits.
   *
   * @throws CallFailed when it is not known whether the answer arrived
   */
  async answer({ id, method }: HeldRequest, result: object, withinMs = CALL_MS): Promise<void> {
    if (this.closed) throw new CallFailed(method, undefined, 'the connection is closed');
    const late = new AbortController();
    let stop = (): void => undefined;
    const settled = new Promise<void>((resolve) => {
      stop = this.listen(() => {
        if (this.closed || !this.#held.has(id)) resolve();
      });
    });
    this.#send({ id, result });
    // AbortError: the request is answered.
    await Promise.race([
      settled,
      sleep(withinMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined),
    ]);
    late.abort();
    stop();
    if (!this.#held.has(id)) return;
    const reason = this.closed ? 'the connection broke' : `the answer was not confirmed within ${withinMs / 1000} s`;
    this.close();
    throw new CallFailed(method, undefined, reason);
  }

  /**
   * Calls the listener for every notice, and with `undefined` when the connection is closed.
   *
   * @returns a function that stops listening
   */
  listen(listener: (notice: Notice | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.socket.terminate();
    this.#end();
  }

  #receive(data: string): void {
    let message: Message;
    try {
      message = Message.parse(JSON.parse(data));
    } catch {
      // SyntaxError, ZodError: the message answers no call of ours. A caller that waits for an
      // answer times out.
      return;
    }
    const { id, method, params } = message;
    if (method === undefined) {
      if (typeof id === 'number') this.#waiting.get(id)?.(message);
      return;
    }
    const request = id === undefined ? undefined : this.#hold(id, method, params);
    if (method === 'serverRequest/resolved') this.#held.delete(Resolved.safeParse(params).data?.requestId ?? '');
    for (const listener of this.#listeners) listener({ method, params, ...defined({ request }) });
  }

  #hold(id: number | string, method: string, params: unknown): HeldRequest | 'refused' {
    const held = heldRequest(id, method, params);
    if (held) this.#held.set(id, held);
    else this.#send({ id, ...refusalOf(method) });
    return held ?? 'refused';
  }

  #send(message: object): void {
    // A failure closes the socket.
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }, wellFormed), () => undefined);
  }

  #end(): void {
    if (this.closed) return;
    this.closed = true;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
    for (const listener of this.#listeners) listener(undefined);
  }
}

/**
 * Replaces half of a surrogate pair with U+FFFD, as UTF-8 does. Codex does not answer a message
 * that it cannot read.
 */
const wellFormed = (_key: string, value: unknown) =>
  typeof value === 'string' ? Buffer.from(value).toString() : value;
