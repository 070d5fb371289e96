#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Whoever reads may have gone (a pipe into head, a terminal that was closed): what runs must not die of it half-way.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

const main = new URL('../dist/src/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  const code = await run(process.argv.slice(2));
  // A call that is still held open, such as for the outcome of a turn nobody waits for any more, must not keep the terminal.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
} else {
  console.error('continuity is not built: dist/src/cli/main.js is missing. Run: npm run build');
  process.exitCode = 1;
}
