/**
 * Bundles the command line, so that a command loads five files instead of about four hundred. The
 * library and the worker stay as `tsc` writes them.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { licensesOf } from './licenses.mjs';
import { prunedDescriptors } from './prune-descriptors.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const input = {
  cwd: path('..'),
  input: 'dist/src/cli/main.js',
  platform: 'node',
  // A native module, and modules that only a config in TypeScript or gRPC's admin services need.
  external: ['fs-native-extensions', 'typescript', '@grpc/proto-loader'],
  // CommonJS packages use them.
  transform: { define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' } },
  checks: { ineffectiveDynamicImport: false },
};

/**
 * A chunk also contains what its modules import. Each chunk costs a millisecond to load, so there
 * are few.
 */
const groups = [
  {
    name: 'words',
    priority: 3,
    test: /dist[\\/]src[\\/](cli[\\/](main|commands[\\/])|contract[\\/](?!duration|parse-prompt|payload-converter|client-options|messages|search-attributes))/,
  },
  // `worker --healthy` and the MCP server before its first call need these without Temporal.
  {
    name: 'light',
    priority: 3,
    test: /dist[\\/]src[\\/](host[\\/](?!process-facts|data-dir-lock|lock-file)|config[\\/](data-dir|working-directory|invalid)|client[\\/](session-error|told|one-line|new-prompt-id|watch-progress))/,
  },
  { name: 'zod', priority: 2, test: /node_modules[\\/]zod[\\/]/ },
  // The MCP server says which agents there are, before it loads Temporal.
  { name: 'config', priority: 2, test: /dist[\\/]src[\\/]config(\.js$|[\\/])/ },
  {
    name: 'client',
    priority: 1,
    test: /dist[\\/]src[\\/](config|client[\\/](session-manager|temporal-settings)|stack[\\/]stack-record)\.js/,
  },
];

const output = {
  dir: 'dist/command',
  format: 'esm',
  minify: true,
  keepNames: true, // Errors are distinguished and printed by their class names.
  codeSplitting: { groups },
};

/**
 * Parts of the Temporal client that the command never calls. Requests that only they send are left
 * out.
 */
const NEVER_CALLED =
  /@temporalio[\\/](proto[\\/]|client[\\/]lib[\\/](schedule|nexus|activity|task-queue|async-completion)-)/;

const chunksOf = (bundle) => bundle.output.filter(({ type }) => type === 'chunk');
const filesOf = (chunk) => Object.keys(chunk.modules).filter((id) => id.startsWith('/') || /^[A-Z]:/.test(id));

const files = chunksOf(await build({ ...input, output, write: false })).flatMap(filesOf);
const program = await Promise.all(
  files.filter((file) => !NEVER_CALLED.test(file)).map((file) => readFile(file, 'utf8')),
);
await rm(path('../dist/command'), { recursive: true, force: true });
const chunks = chunksOf(await build({ ...input, output, plugins: [prunedDescriptors(program.join('\n'))] }));
await writeFile(path('../dist/command/LICENSES.txt'), await licensesOf(files));
// For the tests that check what a command loads. Not shipped.
await writeFile(
  path('../dist/command.json'),
  JSON.stringify(Object.fromEntries(chunks.map((chunk) => [chunk.fileName, filesOf(chunk)]))),
);
