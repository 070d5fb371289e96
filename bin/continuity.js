#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A reader may have gone (a pipe into head, a closed terminal), or the disk may be full. What runs must not die of it half-way: it may have
// processes to end. Only an answer that the disk has no room for costs the exit code.
let lost = 0;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (stream === process.stdout && error.code !== 'EPIPE' && error.code !== 'EIO') lost = 1;
  });
}

// The bundle is the same program, which loads in half the time.
const main = ['../dist/command/main.js', '../dist/src/cli/main.js'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
if (main) {
  const { main: run } = await import(main.href);
  const code = await run(process.argv.slice(2));
  // A call that is still held open, such as for the outcome of a turn nobody waits for any more, must not keep the terminal.
  process.stdout.write('', () => process.stderr.write('', () => setImmediate(() => process.exit(code || lost))));
} else {
  console.error('continuity is not built: dist/command/main.js is missing. Run: npm run build');
  process.exitCode = 1;
}
