/** Says whether a Temporal server is ready. It is ready when its default namespace exists. */
import { Connection } from '@temporalio/client';

const ASK_EVERY_MS = 100;

/**
 * @returns undefined once the server answers. Otherwise the reason: it did not answer in time, or
 * the signal was aborted.
 */
export async function answers(address: string, withinMs: number, signal?: AbortSignal): Promise<string | undefined> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const problem = await ask(address, Math.min(1000, withinMs), ({ workflowService }) =>
      workflowService.describeNamespace({ namespace: 'default' }),
    );
    if (problem === undefined) return undefined;
    if (signal?.aborted) return 'its start was cancelled';
    if (Date.now() >= deadline) return `it did not answer within ${Math.round(withinMs / 1000)} s (${problem})`;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** @returns undefined when the request succeeded, else the reason */
export async function ask(
  address: string,
  timeoutMs: number,
  request: (connection: Connection) => Promise<unknown>,
): Promise<string | undefined> {
  const connection = Connection.lazy({ address, connectTimeout: timeoutMs });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () => request(connection));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}
