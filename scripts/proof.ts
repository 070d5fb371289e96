/**
 * `npm run proof` checks the turn protocol with the model checker Spin. `--mutations` also breaks
 * one rule at a time, and fails when the checker does not object. docs/proof.md says what that
 * proves.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import which from 'which';
import { KINDS, MUTATIONS, type Check } from './proof-mutations.js';
import { tableOf } from './proof-table.js';

const MODEL = fileURLToPath(new URL('../proof/turn.pml', import.meta.url));
/** Memory of one search. Two run at a time. */
const MOST_MEGABYTES = 900;
const GIVE_UP_AFTER_MS = 10 * 60_000;

interface Found {
  /** What the checker objects to. Absent when it does not object. */
  objection?: string;
  trace: string;
  states: number;
  seconds: number;
}

async function check({ name, capabilities, mutation, rules = [], faults }: Check): Promise<Found> {
  const folder = await mkdtemp(join(tmpdir(), 'proof-'));
  try {
    const { header, changed } = tableOf(capabilities, mutation);
    if (mutation && changed === 0)
      throw new Error(`Mutation "${name}" changes nothing in the table. Adapt it to decide.ts.`);
    await writeFile(join(folder, 'table.h'), header);
    await copyFile(MODEL, join(folder, 'turn.pml'));
    const run = (program: string, args: string[]) =>
      execa(program, args, { cwd: folder, all: true, reject: false, timeout: GIVE_UP_AFTER_MS });
    const started = performance.now();
    const made = await run('spin', ['-a', `-DFAULTS=${faults}`, ...rules.map((rule) => `-D${rule}`), 'turn.pml']);
    if (!existsSync(join(folder, 'pan.c'))) throw new Error(`spin could not read the model.\n${made.all}`);
    // NOREDUCE is needed because the reduction does not see what the embedded C reads.
    const compiled = await run('gcc', [
      '-w',
      '-O1',
      '-DSAFETY',
      '-DNOREDUCE',
      '-DCOLLAPSE',
      `-DMEMLIM=${MOST_MEGABYTES}`,
      '-o',
      'pan',
      'pan.c',
    ]);
    if (compiled.failed) throw new Error(`gcc could not compile the checker.\n${compiled.all}`);
    const { all: said = '' } = await run(join(folder, 'pan'), ['-m100000']);
    const seconds = (performance.now() - started) / 1000;
    const objection = /pan:\d+: (.*?) \(at depth/.exec(said)?.[1];
    const isComplete = /errors: 0/.test(said) && !/Search not completed|max search depth too small/.test(said);
    if (objection === undefined && !isComplete) throw new Error(`The search of "${name}" did not finish.\n${said}`);
    const trace = objection === undefined ? '' : ((await run(join(folder, 'pan'), ['-r'])).all ?? '');
    return {
      ...(objection !== undefined && { objection }),
      trace,
      states: Number(/(\d+) states, stored/.exec(said)?.[1]),
      seconds,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns whether the checker's verdict is the expected one */
async function report(one: Check, isBroken: boolean): Promise<boolean> {
  const { objection, trace, states, seconds } = await check(one);
  const facts = `${states.toLocaleString('en')} states, ${seconds.toFixed(1)} s`;
  if (isBroken) {
    console.log(
      objection === undefined ? `NOT NOTICED  ${one.name} (${facts})` : `noticed      ${one.name}: ${objection}`,
    );
    return objection !== undefined;
  }
  console.log(
    objection === undefined
      ? `holds        ${one.name} (${facts})`
      : `VIOLATED     ${one.name}: ${objection}\n${trace}`,
  );
  return objection === undefined;
}

async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<boolean>): Promise<boolean> {
  const left = [...items];
  const worker = async () => {
    let good = true;
    for (let item = left.shift(); item !== undefined; item = left.shift()) good = (await work(item)) && good;
    return good;
  };
  return (await Promise.all([worker(), worker()])).every(Boolean);
}

async function main(): Promise<void> {
  const missing = ['spin', 'gcc'].filter((program) => which.sync(program, { nothrow: true }) === null);
  if (missing.length > 0)
    return console.log(
      `The proof is skipped: ${missing.join(' and ')} is not on PATH. On Debian: apt-get install spin gcc libc6-dev`,
    );
  const held = await inPairs(KINDS, (one) => report(one, false));
  const noticed = process.argv.includes('--mutations') ? await inPairs(MUTATIONS, (one) => report(one, true)) : true;
  if (!held || !noticed) process.exitCode = 1;
}

await main();
