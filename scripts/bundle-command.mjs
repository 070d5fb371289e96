/** Bundles the command, so that a verb loads five files and not some four hundred. The library and the worker stay as `tsc` leaves them. */
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
  // A native part, and what is only for a config in TypeScript and for gRPC's own admin services.
  external: ['fs-native-extensions', 'typescript', '@grpc/proto-loader'],
  // CommonJS packages look for them.
  transform: { define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' } },
  checks: { ineffectiveDynamicImport: false },
};

/** A chunk has what its modules import, too. Each costs a millisecond of its own to load, so there are few. */
const groups = [
  { name: 'words', priority: 3, test: /dist[\\/]src[\\/](cli[\\/](main|commands[\\/])|contract[\\/](?!duration|parse-prompt|payload-converter|messages|search-attributes))/ },
  // Needed without Temporal: by `worker --healthy`, and by the MCP server until its first call.
  { name: 'light', priority: 3, test: /dist[\\/]src[\\/](host[\\/]|config[\\/](data-dir|working-directory|invalid)|client[\\/](session-error|told|one-line|new-prompt-id|watch-progress))/ },
  { name: 'zod', priority: 2, test: /node_modules[\\/]zod[\\/]/ },
  { name: 'client', priority: 1, test: /dist[\\/]src[\\/](config|client[\\/](session-manager|temporal-settings)|stack[\\/]stack-record)\.js/ },
];

const output = {
  dir: 'dist/command',
  format: 'esm',
  minify: true,
  keepNames: true, // Errors are told apart, and printed, by the names of their classes.
  codeSplitting: { groups },
};

/** Parts of the Temporal client that the command never calls. What only they ask the server for is left out. */
const NEVER_CALLED = /@temporalio[\\/](proto[\\/]|client[\\/]lib[\\/](schedule|nexus|activity|task-queue|async-completion)-)/;

const chunksOf = (bundle) => bundle.output.filter(({ type }) => type === 'chunk');
const filesOf = (chunk) => Object.keys(chunk.modules).filter((id) => id.startsWith('/') || /^[A-Z]:/.test(id));

const files = chunksOf(await build({ ...input, output, write: false })).flatMap(filesOf);
const program = await Promise.all(files.filter((file) => !NEVER_CALLED.test(file)).map((file) => readFile(file, 'utf8')));
await rm(path('../dist/command'), { recursive: true, force: true });
const chunks = chunksOf(await build({ ...input, output, plugins: [prunedDescriptors(program.join('\n'))] }));
await writeFile(path('../dist/command/LICENSES.txt'), await licensesOf(files));
// For the tests that ask what a verb loads. Not shipped.
await writeFile(path('../dist/command.json'), JSON.stringify(Object.fromEntries(chunks.map((chunk) => [chunk.fileName, filesOf(chunk)]))));
