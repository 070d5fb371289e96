/**
 * A worker process that takes the tasks of topics, and whose `recall` has no end. To be killed:
 * `worker-that-never-recalls.ts <address>`
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { CONTINUITY } from '../../src/contract/messages.js';
import { loadWorkflows } from '../../workers/compose.js';

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: process.argv[2] ?? '' }),
  taskQueue: CONTINUITY,
  workflowBundle: await loadWorkflows(),
  activities: { recall: () => new Promise(() => undefined) },
});
await worker.run();
