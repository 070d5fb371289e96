/** The prompt: the argument, or what comes on stdin. */
import { failure } from '../contract/failures.js';
import { MAX_PROMPT_BYTES } from '../contract/limits.js';
import { UsageError } from './usage-error.js';

interface Reading {
  command?: string;
  /** Bytes of stdin. */
  most?: number;
  stdin?: NodeJS.ReadStream;
}

/** `-` reads stdin, and so does no argument where stdin is not a terminal. The line break at its end is the shell's, not the prompt's. */
export async function readPrompt(argument: string | undefined, { command = 'delegate', most = 16 * MAX_PROMPT_BYTES, stdin = process.stdin }: Reading = {}): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument;
  if (argument === undefined && stdin.isTTY) {
    throw new UsageError(`continuity ${command} needs a ${command === 'delegate' ? 'prompt' : 'text'}.`, `Give it in quotes, or through a pipe: … | continuity ${command} …`);
  }
  return (await readAll(stdin, most)).replace(/\r?\n$/, '');
}

async function readAll(stdin: AsyncIterable<Buffer | string>, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    // Far too much is not read to its end, which may never come.
    if (bytes > most) {
      const message = `The prompt on stdin has more than ${most} bytes; at most ${MAX_PROMPT_BYTES} are taken.`;
      throw Object.assign(new Error(message), { failure: failure('PROMPT_TOO_LARGE', message) });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
