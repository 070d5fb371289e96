/**
 * One stream of the server's events, shared by all turns: `/global/event` has the events of every
 * directory. Events only wake the waiter and feed progress. The truth is always read from the
 * session, so a lost event costs a second and nothing else.
 */
import type { GlobalEvent } from '@opencode-ai/sdk/v2/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Log } from './server.js';

export type OpenCodeEvent = GlobalEvent['payload'];
export type Listener = (event: OpenCodeEvent) => void;

/**
 * The server sends a heartbeat every 10 s (1.18.33). After this much silence, the stream is given
 * up.
 */
const SILENCE_MS = 45_000;
const CONNECT_MS = 5_000;

interface Stream {
  generation: number;
  close: AbortController;
  ended: Promise<void>;
  /** Resolves with the first event. The server sends one at once. */
  open: Promise<void>;
}

export class Events {
  readonly #listeners = new Set<Listener>();
  #stream: Stream | undefined;

  constructor(private readonly log: Log) {}

  /**
   * Waits until the stream is open. Call it before the first look at a session, and after each
   * reconnect.
   */
  async open(connection: Connection): Promise<void> {
    if (this.#stream?.generation !== connection.generation || this.#stream.close.signal.aborted) {
      this.#stream?.close.abort();
      this.#stream = this.#start(connection);
    }
    await Promise.race([this.#stream.open, sleep(CONNECT_MS, undefined, { ref: false })]);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stream?.close.abort();
    };
  }

  async close(): Promise<void> {
    this.#stream?.close.abort();
    await this.#stream?.ended;
  }

  #start(connection: Connection): Stream {
    const close = new AbortController();
    let opened = () => {};
    const open = new Promise<void>((resolve) => (opened = resolve));
    const ended = this.#read(connection, close, opened).catch((error: unknown) => {
      this.log('The event stream of OpenCode broke.', { reason: String(error) });
    });
    void ended.then(() => {
      close.abort(); // The next `open` starts a new stream.
      opened();
    });
    return { generation: connection.generation, close, ended, open };
  }

  async #read({ client }: Connection, close: AbortController, opened: () => void): Promise<void> {
    const silence = setTimeout(() => close.abort(), SILENCE_MS).unref();
    try {
      const { stream } = await client.global.event({ signal: close.signal, sseMaxRetryAttempts: 1 });
      for await (const event of stream) {
        silence.refresh();
        opened();
        for (const listener of this.#listeners) listener(event.payload);
      }
    } finally {
      clearTimeout(silence);
    }
  }
}

/** The session of an event. `undefined` if it is about none. */
export function sessionOf(event: OpenCodeEvent): string | undefined {
  if (!('properties' in event) || !('sessionID' in event.properties)) return undefined;
  const { sessionID } = event.properties;
  return typeof sessionID === 'string' ? sessionID : undefined;
}
