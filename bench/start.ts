/**
 * `npm run bench:start` (after `npm run build`) measures the time from the start of a process to
 * its first answer, and the CPU time of a command on a real server. A bare `node -e 0` is the
 * comparison. The candidates take turns, so that noise of the machine affects all of them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { countTokens } from 'gpt-tokenizer';
import { cpuMs } from '../test/support/cpu.js';
import { startWorld } from '../test/support/world.js';

const ROUNDS = 15;
const CONTINUITY = fileURLToPath(new URL('../bin/continuity.js', import.meta.url));

async function ended(...words: string[]): Promise<void> {
  await once(spawn(process.execPath, words, { stdio: 'ignore' }), 'exit');
}

let toolTokens: number | undefined;

/** Starts the server as a client does: the handshake, then the list of tools. */
async function listed(): Promise<void> {
  const server = spawn(process.execPath, [CONTINUITY, 'mcp'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface(server.stdout);
  const answered = (async () => {
    for await (const line of lines) {
      const { id, result } = JSON.parse(line) as { id?: number; result?: object };
      if (id === 1) return (toolTokens = countTokens(JSON.stringify(result)));
    }
    return undefined;
  })();
  const send = (message: object) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '0' } },
  });
  send({ method: 'notifications/initialized' });
  send({ id: 1, method: 'tools/list' });
  await answered;
  server.stdin.end();
}

const ways: Record<string, () => Promise<void>> = {
  'node -e 0': () => ended('-e', '0'),
  'continuity --help': () => ended(CONTINUITY, '--help'),
  'continuity mcp, until tools/list is answered': listed,
};

const times = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const since = performance.now();
    await way();
    times[name]?.push(performance.now() - since);
  }
}

const ms = (value = NaN) => `${Math.round(value)} ms`;
const sorted = (name: string) => (times[name] ?? []).sort((a, b) => a - b);
console.table(
  Object.fromEntries(
    Object.keys(ways).map((name) => [
      name,
      { median: ms(sorted(name)[Math.floor(ROUNDS / 2)]), worst: ms(sorted(name).at(-1)) },
    ]),
  ),
);

console.log(`tools/list of continuity mcp: ${toolTokens} tokens (o200k_base)`);

const world = await startWorld();
const { prompt_id } = await world.manager.delegate('bench', '[[say: done]]');
const env = {
  PATH: process.env.PATH ?? '',
  HOME: world.dir,
  TEMPORAL_ADDRESS: world.address,
  CONTINUITY_DATA_DIR: world.config.dataDir,
};
const verbs: Record<string, string[]> = {
  'node -e 0': ['-e', '0'],
  'continuity list': [CONTINUITY, 'list'],
  'continuity show T': [CONTINUITY, 'show', 'bench'],
  'continuity outcome T P': [CONTINUITY, 'outcome', 'bench', prompt_id],
  'continuity delegate --no-wait': [CONTINUITY, 'delegate', '--topic', 'bench', '--no-wait', '[[say: done]]'],
  'continuity delegate': [CONTINUITY, 'delegate', '--topic', 'bench', '[[say: done]]'],
};
const cpu = Object.fromEntries(Object.keys(verbs).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, words] of Object.entries(verbs)) cpu[name]?.push(await cpuMs(words, { cwd: world.dir, env }));
}
const best = (name: string) => Math.min(...(cpu[name] ?? []));
console.table(
  Object.fromEntries(
    Object.keys(verbs).map((name) => [name, { CPU: ms(best(name)), 'over node': ms(best(name) - best('node -e 0')) }]),
  ),
);
await world.dispose();
