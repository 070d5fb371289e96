/** Calls to the server. They are typed, have a time limit, and fail in one way. */
import { Unreachable } from '../driver.js';
import { createOpencodeClient, type OpencodeClient } from '@opencode-ai/sdk/v2/client';

/** The address of one running server. */
export interface Address {
  port: number;
  password: string;
}

const CALL_MS = 20_000;

export function clientOf({ port, password }: Address): OpencodeClient {
  const credentials = Buffer.from(`opencode:${password}`).toString('base64');
  return createOpencodeClient({
    baseUrl: `http://127.0.0.1:${port}`,
    headers: { Authorization: `Basic ${credentials}` },
  });
}

/**
 * The server did not answer, or gave an unexpected answer. What it did is unknown, so look again.
 */
export class CallFailed extends Unreachable {
  override readonly name = 'CallFailed';
  constructor(
    readonly what: string,
    /** The HTTP status. Absent: there was no answer at all. */
    readonly status: number | undefined,
    cause: unknown,
  ) {
    super(`OpenCode did not ${what}: ${status ?? 'no answer'} ${reasonOf(cause)}`.trim(), { cause });
  }
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response?: Response | undefined;
}

/** @throws CallFailed */
export async function ask<T>(
  what: string,
  call: (options: { signal: AbortSignal }) => Promise<Answer<T>>,
  ms = CALL_MS,
): Promise<T> {
  const { data, error, response } = await call({ signal: AbortSignal.timeout(ms) });
  if (data === undefined || error !== undefined) throw new CallFailed(what, response?.status, error);
  return data;
}

/** The answer, or `undefined` when the server answers 404. */
export async function askIfThere<T>(
  what: string,
  call: (options: { signal: AbortSignal }) => Promise<Answer<T>>,
): Promise<T | undefined> {
  try {
    return await ask(what, call);
  } catch (error) {
    if (error instanceof CallFailed && error.status === 404) return undefined;
    throw error;
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  if (typeof cause !== 'object' || cause === null) return '';
  const { data, message, name } = cause as { data?: { message?: unknown }; message?: unknown; name?: unknown };
  return [data?.message, message, name].find((text) => typeof text === 'string') ?? '';
}
