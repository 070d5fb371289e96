/** Whether a Temporal server is ready to work: its default namespace is there. */
import { Connection } from '@temporalio/client';

const ASK_EVERY_MS = 100;

/** @returns nothing once it answers, else why it did not within the time, or before the signal was aborted */
export async function answers(address: string, withinMs: number, signal?: AbortSignal): Promise<string | undefined> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const problem = await ask(address, Math.min(1000, withinMs), ({ workflowService }) => workflowService.describeNamespace({ namespace: 'default' }));
    if (problem === undefined) return undefined;
    if (signal?.aborted) return 'its start was given up';
    if (Date.now() >= deadline) return `it did not answer within ${Math.round(withinMs / 1000)} s (${problem})`;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** @returns nothing when the server did it, else why not */
export async function ask(address: string, timeoutMs: number, request: (connection: Connection) => Promise<unknown>): Promise<string | undefined> {
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
