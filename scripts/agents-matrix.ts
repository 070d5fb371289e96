/**
 * `npm run agents:matrix`: tries several versions of each agent with a short suite, and prints a
 * table. What it finds is written by hand into src/host/supported-versions.ts and docs/agents.md.
 * Linux only. Each version is fetched from npm, by some hundred megabytes, into the cache of
 * scripts/fetch-agents.mjs.
 *
 * npm run agents:matrix                                    oldest, tried, and newest of each
 * npm run agents:matrix -- codex@0.160.0 claude-code@2.1.300
 */
import { mkdirSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { SUPPORTED, type Supported } from '../src/host/supported-versions.js';
import { tryVersion, STEPS, type Matrix, type Tried } from './agents-matrix-suite.js';

const AGENTS: Record<Matrix['kind'], { supported: Supported; pkg: string; program: string }> = {
  opencode: { supported: SUPPORTED.opencode, pkg: 'opencode-ai', program: 'opencode' },
  'claude-code': { supported: SUPPORTED.claudeCode, pkg: '@anthropic-ai/claude-code', program: 'claude' },
  codex: { supported: SUPPORTED.codex, pkg: '@openai/codex', program: 'codex' },
};
const cache = process.env['CONTINUITY_AGENTS_DIR'] || join(homedir(), '.cache', 'continuity', 'agents');

const kinds = Object.keys(AGENTS) as Matrix['kind'][];
const asked = process.argv.slice(2).map((word) => word.split('@'));
const wanted = asked.length > 0 ? asked : (await Promise.all(kinds.map(versionsOf))).flat();

const rows: string[][] = [];
for (const [name = '', version = ''] of wanted) {
  const kind = kinds.find((one) => one === name);
  if (!kind) throw new Error(`There is no agent ${name} to try. There are: ${kinds.join(', ')}.`);
  process.stderr.write(`${kind} ${version}\n`);
  const path = await fetched(kind, version);
  const tried = await tryVersion({ kind, path, pinned: AGENTS[kind].supported.tried[0] ?? '' });
  rows.push([kind, version, ...STEPS.map((step) => wordOf(tried[step]))]);
}
process.stdout.write(tableOf(['agent', 'version', ...STEPS], rows));
process.exitCode = rows.some((row) => row.includes('no')) ? 1 : 0;

/** The oldest that we support, those that were tried, and the newest that npm has. */
async function versionsOf(kind: Matrix['kind']): Promise<string[][]> {
  const { supported, pkg } = AGENTS[kind];
  const { stdout } = await execa('npm', ['view', pkg, 'version']);
  return [...new Set([supported.oldest, ...supported.tried, stdout.trim()])].map((version) => [kind, version]);
}

async function fetched(kind: Matrix['kind'], version: string): Promise<string> {
  const { pkg, program } = AGENTS[kind];
  const folder = join(cache, 'matrix', `${kind}-${version}`);
  const path = join(folder, 'node_modules', '.bin', program);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  await execa('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `${pkg}@${version}`], {
    stdio: ['ignore', 2, 2],
  });
  return path;
}

function wordOf(said: Tried[keyof Tried]): string {
  if (said === true) return 'yes';
  if (said !== undefined) process.stderr.write(`  ${said}\n`);
  return said === undefined ? '—' : 'no';
}

function tableOf(head: string[], all: string[][]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...all.map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  return [head, widths.map((width) => '-'.repeat(width)), ...all].map(line).join('');
}
