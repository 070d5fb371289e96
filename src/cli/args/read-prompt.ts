/** Reads the prompt from the argument or from stdin. */
import { isUtf8 } from 'node:buffer';
import { failed, type FailureCode } from '../../contract/failures.js';
import { MAX_PROMPT_BYTES } from '../../contract/limits.js';
import { UsageError } from './usage-error.js';

interface Reading {
  command?: string;
  /** The most bytes that are read from stdin. */
  most?: number;
  stdin?: NodeJS.ReadStream;
}

/**
 * Reads stdin for `-`, and for no argument when stdin is not a terminal. Removes one line break at
 * the end, which the shell added.
 */
export async function readPrompt(
  argument: string | undefined,
  { command = 'delegate', most = 16 * MAX_PROMPT_BYTES, stdin = process.stdin }: Reading = {},
): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument;
  if (argument === undefined && stdin.isTTY) {
    throw new UsageError(
      `continuity ${command} needs a ${command === 'delegate' ? 'prompt' : 'text'}.`,
      `Give it in quotes, or through a pipe: … | continuity ${command} …`,
    );
  }
  return (await readAll(stdin, most)).replace(/\r?\n$/, '');
}

async function readAll(stdin: AsyncIterable<Buffer | string>, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stdin) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      // The rest is not read, because the end may never come.
      if (bytes > most) break;
    }
  } catch (cause) {
    throw refused(
      'INVALID_PROMPT',
      `stdin cannot be read: ${(cause as Error).message}.`,
      'Give the prompt as an argument, or through a pipe.',
      cause,
    );
  }
  if (bytes > most)
    throw refused(
      'PROMPT_TOO_LARGE',
      `The prompt on stdin has more than ${most} bytes; at most ${MAX_PROMPT_BYTES} are taken.`,
    );
  return textOf(Buffer.concat(chunks));
}

/**
 * Refuses bytes that are not text. Decoding them anyway would give the session other characters
 * than the caller sent.
 */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const at = invalidByteOf(bytes);
    const message = `The prompt on stdin is not UTF-8: the byte at offset ${at} is 0x${bytes[at]?.toString(16).padStart(2, '0')}.`;
    throw refused(
      'INVALID_PROMPT',
      message,
      'Convert it first, for example: iconv -f LATIN1 -t UTF-8 FILE | continuity …',
    );
  }
  const at = bytes.indexOf(0);
  if (at >= 0)
    throw refused(
      'INVALID_PROMPT',
      `The prompt on stdin is not text: the byte at offset ${at} is NUL.`,
      'Give the path of the binary file in the prompt instead.',
    );
  return bytes.toString('utf8');
}

/** The offset of the first sequence that is not UTF-8. */
function invalidByteOf(bytes: Buffer): number {
  const decoded = Buffer.from(bytes.toString('utf8'));
  let at = bytes.findIndex((byte, index) => byte !== decoded[index]);
  // U+FFFD may share its first bytes with the sequence that it replaces.
  while (!isUtf8(bytes.subarray(0, at))) at -= 1;
  return at;
}

function refused(code: FailureCode, message: string, fix?: string, cause?: unknown): Error {
  return failed(code, message, fix, { cause });
}
