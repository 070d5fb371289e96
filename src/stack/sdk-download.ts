/**
 * Downloads the program from the service that Temporal's SDK uses for its test environment. We do
 * not use the SDK for it: the SDK ties the program to the life of its own runtime, and checks no
 * checksum. The request follows `ephemeral_server/mod.rs` of sdk-core.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import * as z from 'zod';
import { deadline } from '../host/deadline.js';
import { withSearchPath } from '../host/search-path.js';
import { putInPlace, type Fetching } from './fetched-program.js';

const SERVICE = 'https://temporal.download';
const ANSWER_WITHIN_MS = 3000;
const DOWNLOAD_WITHIN_MS = 10 * 60 * 1000;
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const PLATFORMS: Record<string, string> = { linux: 'linux', darwin: 'darwin' };
/**
 * The answer also names the file to extract. We ignore that name, because a foreign name must not
 * become an argument of `tar`.
 */
const answer = z.object({ archiveUrl: z.url() });
const PROGRAM = 'temporal';

export async function downloadAsSdk(
  { version, target, sha256, report, signal }: Fetching,
  service = SERVICE,
): Promise<void> {
  const { archiveUrl } = await ask(service, version, signal);
  report(`Downloading the Temporal server ${version}, once…`);
  await putInPlace({ target, sha256 }, async (directory) => {
    const archive = join(directory, 'archive.tar.gz');
    const response = await fetch(archiveUrl, {
      signal: deadline(DOWNLOAD_WITHIN_MS, signal),
    });
    if (!response.ok || !response.body) throw new Error(`${archiveUrl} answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await execa('tar', ['-xzf', archive, '-C', directory, PROGRAM], { env: withSearchPath(process.env) });
    return join(directory, PROGRAM);
  });
}

async function ask(service: string, version: string, signal: AbortSignal): Promise<z.output<typeof answer>> {
  const arch = ARCHITECTURES[process.arch];
  const platform = PLATFORMS[process.platform];
  if (!arch || !platform) throw new Error(`there is no program for ${process.platform} on ${process.arch}`);
  const url = `${service}/cli/v${version}?${new URLSearchParams({ arch, platform, format: 'tar.gz' }).toString()}`;
  try {
    const response = await fetch(url, { signal: deadline(ANSWER_WITHIN_MS, signal) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return answer.parse(await response.json());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${service}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
  }
}
