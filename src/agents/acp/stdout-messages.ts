/**
 * An agent's standard output → JSON-RPC messages. A line that is none is passed over: agents print
 * banners and warnings there, around the protocol.
 */
import type { Readable } from 'node:stream';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { AnyMessage } from '@agentclientprotocol/sdk';

/** A line that is longer is dropped, so that no agent can fill the worker's memory. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 10;

/** What a process that has ended had written is read within this time. */
const READ_WITHIN_MS = 500;

export interface Speaking {
  child: { stdout: Readable };
  exited: Promise<void>;
}

/**
 * The messages of a process. They end with its output, or soon after the process itself: something
 * that it has started can hold its output open for ever.
 */
export function messagesOf(
  { child: { stdout }, exited }: Speaking,
  passedOver: (line: string) => void,
): ReadableStream<AnyMessage> {
  const messages = new StdoutMessages(passedOver);
  let read = 0;
  let isOver = false;
  return new ReadableStream({
    start(controller) {
      const end = (error?: Error) => {
        if (isOver) return;
        messages.end().forEach((message) => controller.enqueue(message));
        isOver = true;
        if (error) controller.error(error);
        else controller.close();
      };
      stdout.on('data', (chunk: Buffer) => {
        read++;
        // An agent whose output nobody reads would stop.
        if (!isOver) messages.push(chunk).forEach((message) => controller.enqueue(message));
      });
      stdout.once('end', () => end());
      stdout.once('error', end);
      void exited.then(async () => {
        for (let before = -1; before !== read && !isOver;) {
          before = read;
          await sleep(READ_WITHIN_MS, undefined, { ref: false });
          // This process may have been too busy to read meanwhile.
          await setImmediate();
          await setImmediate();
        }
        end();
      });
    },
    cancel: () => {
      isOver = true;
    },
  });
}

export class StdoutMessages {
  #pending: Buffer[] = [];
  #bytes = 0;
  #tooLong = false;

  /** `passedOver` gets the beginning of each line that is no message. */
  constructor(
    private readonly passedOver: (line: string) => void,
    private readonly maxLineBytes = MAX_LINE_BYTES,
  ) {}

  /** The messages that this chunk completes, in their order. */
  push(chunk: Buffer): AnyMessage[] {
    const messages: AnyMessage[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#append(chunk.subarray(from, at));
      const message = this.#take();
      if (message) messages.push(message);
      from = at + 1;
    }
    this.#append(chunk.subarray(from));
    return messages;
  }

  /** What came after the last newline. */
  end(): AnyMessage[] {
    const message = this.#take();
    return message ? [message] : [];
  }

  #append(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.maxLineBytes) {
      this.#tooLong = true;
      this.#pending = [];
    } else if (part.length > 0) this.#pending.push(part);
  }

  #take(): AnyMessage | undefined {
    const line = Buffer.concat(this.#pending).toString('utf8').trim();
    const wasTooLong = this.#tooLong ? this.#bytes : undefined;
    this.#pending = [];
    this.#bytes = 0;
    this.#tooLong = false;
    if (wasTooLong !== undefined) this.passedOver(`a line of ${wasTooLong} bytes`);
    if (line === '') return undefined;
    const message = line.startsWith('{') ? messageIn(line) : undefined;
    if (!message) this.passedOver(line.slice(0, 500));
    return message;
  }
}

function messageIn(line: string): AnyMessage | undefined {
  try {
    const message = JSON.parse(line) as AnyMessage & { jsonrpc?: unknown };
    return message.jsonrpc === '2.0' ? message : undefined;
  } catch {
    return undefined; // SyntaxError: it only looked like one.
  }
}
