/** Bundles the workflows at build time. A worker without this work starts half a second sooner. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error };
const { code } = await bundleWorkflowCode({
  workflowsPath: path('../dist/src/workflows/index.js'),
  payloadConverterPath: path('../dist/src/contract/payload-converter.js'),
  logger: quiet,
});
await writeFile(path('../dist/workflow-bundle.js'), code);
