/**
 * The program as Temporal's SDK gets it for its test environment. The SDK can only start what it downloads, bound to
 * the life of its own runtime, so we ask the same service (facts: sdk-core, `ephemeral_server/mod.rs`) and take a copy
 * that the SDK left behind.
 */
import { createWriteStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import * as z from 'zod';
import { putInPlace, type Fetching } from './fetched-program.js';

const SERVICE = 'https://temporal.download';
const ANSWER_WITHIN_MS = 3000;
const DOWNLOAD_WITHIN_MS = 10 * 60 * 1000;
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const PLATFORMS: Record<string, string> = { linux: 'linux', darwin: 'darwin' };
const answer = z.object({ archiveUrl: z.url(), fileToExtract: z.string().min(1) });

/** In the temp directory, which others can write to: only a file of this user's own is taken. */
export async function downloadedBySdk(directory = tmpdir()): Promise<string | undefined> {
  try {
    const { version } = createRequire(import.meta.url)('@temporalio/client/package.json') as { version: string };
    const path = join(directory, `temporal-sdk-typescript-${version}`);
    const found = await lstat(path);
    return found.isFile() && found.uid === process.getuid?.() && (found.mode & 0o122) === 0o100 ? path : undefined;
  } catch {
    return undefined; // ENOENT: the SDK has downloaded nothing.
  }
}

export async function downloadAsSdk({ version, target, report, signal }: Fetching, service = SERVICE): Promise<void> {
  const { archiveUrl, fileToExtract } = await ask(service, version, signal);
  report(`Downloading the Temporal server ${version}, once…`);
  await putInPlace(target, async (directory) => {
    const archive = join(directory, 'archive.tar.gz');
    const response = await fetch(archiveUrl, { signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_WITHIN_MS)]) });
    if (!response.ok || !response.body) throw new Error(`${archiveUrl} answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await execa('tar', ['-xzf', archive, '-C', directory, fileToExtract]);
    return join(directory, fileToExtract);
  });
}

async function ask(service: string, version: string, signal: AbortSignal): Promise<z.output<typeof answer>> {
  const arch = ARCHITECTURES[process.arch];
  const platform = PLATFORMS[process.platform];
  if (!arch || !platform) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const url = `${service}/cli/v${version}?${new URLSearchParams({ arch, platform, format: 'tar.gz' }).toString()}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return answer.parse(await response.json());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${service}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
  }
}
