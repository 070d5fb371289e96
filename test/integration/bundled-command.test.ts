/**
 * The command as it is shipped, a bundle with pruned descriptors, beside the same modules as `tsc`
 * leaves them. Both speak with a real server.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpuMs } from '../support/cpu.js';
import { startWorld, type World } from '../support/world.js';
import { CONTINUITY } from './cli-command.js';

const PLAIN = new URL('../../dist/src/cli/main.js', import.meta.url).href;
const runPlain = `const { main } = await import(${JSON.stringify(PLAIN)}); process.exit(await main(process.argv.slice(1)));`;
const forms = { bundled: [CONTINUITY], plain: ['--input-type=module', '-e', runPlain, '--'] };
type Form = keyof typeof forms;

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.dispose());

const surroundings = () => ({
  cwd: world.dir,
  env: {
    PATH: process.env.PATH ?? '',
    HOME: world.dir,
    TEMPORAL_ADDRESS: world.address,
    CONTINUITY_DATA_DIR: world.config.dataDir,
  },
});

function run(form: Form, words: string[], more: Record<string, string> = {}) {
  const { cwd, env } = surroundings();
  return execa(process.execPath, [...forms[form], ...words], {
    cwd,
    env: { ...env, ...more },
    extendEnv: false,
    reject: false,
    input: '',
  });
}

/** What differs from one run to the next, or is named after the form. */
const settled = (text: string) =>
  text
    .replaceAll(/\b(bundled|plain)\b/g, 'NAME')
    .replaceAll(/ses_\w+/g, 'SESSION')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"(\w*_ms|duration|tokens|cost)":[\d.]+/g, '"$1":0')
    .replaceAll(/\b\d+(\.\d+)?( ?m?s)\b/g, '0$2');

/** Node names the file that called `require`. */
const unplaced = (text = '') => text.replace(/ \(from [^)]+\)/, '');

async function both(wordsOf: (name: Form) => string[]) {
  const [bundled, plain] = await Promise.all(
    (['bundled', 'plain'] as const).map(async (form) => {
      const { stdout, stderr, exitCode } = await run(form, wordsOf(form));
      return { stdout: settled(stdout), stderr: settled(stderr), exitCode };
    }),
  );
  return { bundled, plain };
}

test('each verb that speaks with Temporal answers the same, bundled and not', async () => {
  const verbs: ((name: Form) => string[])[] = [
    (name) => ['delegate', '--topic', name, '--prompt-id', `one-${name}`, '--json', '[[say: hello]]'],
    (name) => [
      'delegate',
      '--topic',
      name,
      '--prompt-id',
      `two-${name}`,
      '--json',
      '--check',
      'true',
      '[[say: again]]',
    ],
    (name) => ['fix', name, '--prompt-id', `three-${name}`, '--json', 'it fails'],
    (name) => ['also', name, '--prompt-id', `four-${name}`, '--json', 'why?'],
    (name) => ['delegate', '--topic', name, '--prompt-id', `five-${name}`, '--no-wait', '--json', '[[say: later]]'],
    (name) => ['outcome', name, `five-${name}`, '--wait', '--json'],
    (name) => ['show', name, '--json'],
    (name) => ['cancel', name, '--json'],
    (name) => ['outcome', name, 'never-sent', '--json'],
    (name) => ['show', `no-${name}`, '--json'],
    (name) => ['close', name, '--json'],
    (name) => ['also', name, '--json', '--prompt-id', `six-${name}`, 'once more?'],
    (name) => ['delegate', '--topic', name, '--cwd', '/nowhere', '--json', 'x'],
  ];
  for (const verb of verbs) {
    const { bundled, plain } = await both(verb);
    expect(bundled, verb('bundled').join(' ')).toEqual(plain);
    expect(bundled?.stdout).not.toBe('');
  }
  for (const words of [
    ['list', '--all', '--json'],
    ['list', '--all'],
    ['doctor', '--json'],
  ]) {
    const { bundled, plain } = await both(() => words);
    expect(bundled, words.join(' ')).toEqual(plain);
  }
});

test('a config that cannot be read is refused in the same words, bundled and not', async () => {
  for (const [file, text] of [
    ['js', 'export default {'],
    ['cjs', 'module.exports = {'],
    ['yaml', 'a: [b'],
    ['json', '{"a":'],
  ] as const) {
    const config = join(world.dir, `broken.${file}`);
    await writeFile(config, text);
    const [bundled, plain] = await Promise.all(
      (['bundled', 'plain'] as const).map((form) => run(form, ['list', '--json'], { CONTINUITY_CONFIG: config })),
    );
    expect(JSON.parse(`${bundled?.stdout}`), file).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
    expect(unplaced(bundled?.stdout), file).toBe(unplaced(plain?.stdout));
  }
});

test('list, show, outcome and delegate --no-wait cost at most two thirds of the CPU over a bare node that they cost unbundled', async () => {
  const { prompt_id } = await world.manager.delegate('cpu', '[[say: done]]');
  const bare = ['-e', '0'];
  for (const verb of [
    ['list'],
    ['show', 'cpu'],
    ['outcome', 'cpu', prompt_id],
    ['delegate', '--topic', 'cpu', '--no-wait', 'more'],
  ]) {
    // In turns, so that a machine that is busy for a moment slows each of them. It is about a half when quiet.
    const cost = { bare: Infinity, bundled: Infinity, plain: Infinity };
    for (let i = 0; i < 5; i++)
      for (const [form, words] of Object.entries({
        bare,
        bundled: [...forms.bundled, ...verb],
        plain: [...forms.plain, ...verb],
      }) as [keyof typeof cost, string[]][])
        cost[form] = Math.min(cost[form], await cpuMs(words, surroundings()));
    expect(
      (cost.bundled - cost.bare) / (cost.plain - cost.bare),
      `${verb.join(' ')}: ${JSON.stringify(cost)} ms`,
    ).toBeLessThan(2 / 3);
  }
});

test('the licenses of what is bundled are beside the bundle', async () => {
  const text = await readFile(fileURLToPath(new URL('../../dist/command/LICENSES.txt', import.meta.url)), 'utf8');
  const chunks = JSON.parse(
    await readFile(fileURLToPath(new URL('../../dist/command.json', import.meta.url)), 'utf8'),
  ) as Record<string, string[]>;
  const packages = Object.values(chunks)
    .flat()
    .flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  expect(packages.length).toBeGreaterThan(100);
  expect([...new Set(packages)].filter((name) => !text.includes(`\n${name} `) && !text.startsWith(`${name} `))).toEqual(
    [],
  );
});
