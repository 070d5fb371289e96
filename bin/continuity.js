#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The bundle is the same program, which loads in half the time.
const program = ['../dist/command/main.js', '../dist/src/cli/main.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));
if (program) {
  const { main, exitWhenWritten } = await import(program.href);
  exitWhenWritten(await main(process.argv.slice(2)));
} else {
  console.error('continuity is not built: dist/command/main.js is missing. Run: npm run build');
  process.exitCode = 1;
}
