#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = (path) => new URL(`../dist/src/${path}`, import.meta.url);

if (existsSync(built('cli/main.js'))) {
  const [{ main }, { exitWhenWritten }] = await Promise.all([import(built('cli/main.js').href), import(built('host/streams.js').href)]);
  exitWhenWritten(await main(process.argv.slice(2)));
} else {
  console.error('continuity is not built: dist/src/cli/main.js is missing. Run: npm run build');
  process.exitCode = 1;
}
