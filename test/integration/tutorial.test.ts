/**
 * The tutorial as a reader follows it: every `sh` block of docs/tutorial runs, in order, in one
 * shell, beside a `continuity up` with a real OpenCode. The model behind it is the scripted
 * engineer of the examples. A `text` block is what the block before it printed, line by line; `…`
 * stands for anything, and alone in a line for any lines. A block `sh terminal=1` is `continuity
 * up`, and stays in its terminal.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEngineer } from '../../examples/stage/engineer-model.js';
import { quoted } from '../../src/cli/terminal/words.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import { processesOf } from '../support/processes.js';
import { CONTINUITY } from './cli-command.js';
import { upBench, type UpBench } from './up-command.js';

const TUTORIAL = fileURLToPath(new URL('../../docs/tutorial/', import.meta.url));

interface Block {
  info: string;
  text: string;
}

const chapters = (await readdir(TUTORIAL)).filter((name) => /^\d\d-.*\.md$/.test(name)).sort();
const blocksOf = async (chapter: string): Promise<Block[]> => {
  const page = await readFile(join(TUTORIAL, chapter), 'utf8');
  return [...page.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }));
};

/**
 * A shell that keeps its variables from block to block, and ends at the first command that fails.
 */
class Shell {
  readonly #bash: ChildProcessByStdio<Writable, Readable, Readable>;
  #out = '';
  #err = '';
  #blocks = 0;

  constructor(
    private readonly dir: string,
    cwd: string,
    env: Record<string, string>,
  ) {
    this.#bash = spawn('bash', ['--norc', '-euo', 'pipefail'], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#bash.stdout.on('data', (chunk: Buffer) => (this.#out += chunk.toString()));
    this.#bash.stderr.on('data', (chunk: Buffer) => (this.#err += chunk.toString()));
  }

  /** @returns what it printed to stdout */
  async run(block: string): Promise<string> {
    const [file, end] = [join(this.dir, `block-${++this.#blocks}.sh`), `-- end of block ${this.#blocks} --`];
    await writeFile(file, block);
    [this.#out, this.#err] = ['', ''];
    this.#bash.stdin.write(`source ${quoted(file)} </dev/null; echo ${quoted(end)}\n`);
    await expect
      .poll(() => this.#bash.exitCode !== null || this.#out.includes(`${end}\n`), {
        timeout: 100_000,
        message: `${block}\n${this.#err}`,
      })
      .toBe(true);
    expect(this.#bash.exitCode, `This failed:\n${block}\n${this.#out}${this.#err}`).toBeNull();
    return this.#out.slice(0, this.#out.indexOf(end));
  }

  async end(): Promise<void> {
    this.#bash.stdin.end();
    if (this.#bash.exitCode === null) await once(this.#bash, 'exit');
  }
}

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const lineAsPattern = (line: string) =>
  line === '…' ? '(?:.*\\n)*' : `${line.trimEnd().split('…').map(literally).join('.*')}[ ]*\\n`;
const asPattern = (text: string) => new RegExp(`^${text.trim().split('\n').map(lineAsPattern).join('')}$`);

let own: string;
let engineer: Awaited<ReturnType<typeof startEngineer>>;
let bench: UpBench;
let shell: Shell;

beforeAll(async () => {
  own = await realpath(await mkdtemp(join(tmpdir(), 'continuity-tutorial-')));
  engineer = await startEngineer();
  const opencode = await isolatedOpenCode(own, engineer.url);
  const { path } = await findTemporal({ report: () => undefined, signal: AbortSignal.timeout(150_000) });
  bench = await upBench('tutorial', { ...opencode, TEMPORAL_CLI_PATH: path, HOME: own });
  const programs = join(own, 'bin');
  await mkdir(programs);
  await program(join(programs, 'continuity'), `exec ${quoted(process.execPath)} ${quoted(CONTINUITY)} "$@"`);
  // A reader's Temporal is at its usual address.
  await program(
    join(programs, 'temporal'),
    `TEMPORAL_ADDRESS=$(cat ${quoted(join(own, 'address'))}) exec ${quoted(path)} "$@"`,
  );
  const env = {
    ...opencode,
    HOME: own,
    PATH: `${programs}:${process.env.PATH ?? ''}`,
    CONTINUITY_DATA_DIR: bench.dataDir,
  };
  shell = new Shell(own, join(bench.dir, 'work'), env);
});

afterAll(async () => {
  await shell?.end();
  await bench?.dispose();
  await engineer?.close();
  for (const pid of processesOf(own)) process.kill(pid, 'SIGKILL');
  await rm(own, { recursive: true, force: true, maxRetries: 5 });
});

async function program(file: string, line: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
}

async function upInTerminal1(command: string): Promise<void> {
  expect(command).toBe('continuity up');
  const { address } = await bench.up(); // On a free port.
  await writeFile(join(own, 'address'), address);
}

describe('each chapter of the tutorial does what it says', () => {
  test('there are chapters, and all of them have commands', async () => {
    expect(chapters.length).toBeGreaterThan(4);
    for (const chapter of chapters)
      expect((await blocksOf(chapter)).filter(({ info }) => info.startsWith('sh')).length, chapter).toBeGreaterThan(1);
  });

  test.each(chapters)('%s', { timeout: 400_000 }, async (chapter) => {
    let printed = '';
    for (const { info, text } of await blocksOf(chapter)) {
      if (info === 'sh terminal=1') await upInTerminal1(text.trim());
      else if (info === 'sh') printed = await shell.run(text);
      else if (info === 'text') expect(`${printed.trim()}\n`, chapter).toMatch(asPattern(text));
    }
  });
});
