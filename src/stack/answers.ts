/** Whether a Temporal server is ready to work: its default namespace is there. */
import { Connection } from '@temporalio/client';

const ASK_EVERY_MS = 100;

/** @returns nothing once it answers, else why it did not within the time */
export async function answers(address: string, withinMs: number): Promise<string | undefined> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const problem = await ask(address, Math.min(1000, withinMs));
    if (problem === undefined) return undefined;
    if (Date.now() >= deadline) return `it did not answer within ${Math.round(withinMs / 1000)} s (${problem})`;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

async function ask(address: string, timeoutMs: number): Promise<string | undefined> {
  const connection = Connection.lazy({ address, connectTimeout: timeoutMs });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () => connection.workflowService.describeNamespace({ namespace: 'default' }));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}
