/**
 * Starts the command of a notice once, whatever is killed. A shell of its own process group claims the
 * notice: it creates a file that must not exist, and then runs the command. So a worker that is killed
 * before that starts the command later, and one that is killed after that finds the file, and waits for
 * the end of the command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../contract/defined.js';
import { childEnvironment } from './environment.js';
import { writePrivateFile } from './private-file.js';
import { identityOf } from './process-identity.js';
import { killTree, NOTICE_MARKER, treeRuns } from './process-tree.js';

export interface NoticeCommand {
  /** Names the notice for ever. Also a file name. */
  key: string;
  run: string;
  cwd: string;
  env: Record<string, string>;
  stdin: string;
}

const LIMIT_MS = 30_000;
const MAX_PRINTED_BYTES = 1024 * 1024;
const SHOWN_BYTES = 300;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
const REMEMBERED_MS = 90 * 24 * 60 * 60 * 1000;

/**
 * `set -C` lets the redirection create the file or fail (O_EXCL), and a shell whose `exec` fails ends.
 * $1: the claim, $2: the command, $3: its input, $4: its output.
 */
const LAUNCHER = 'set -C; exec 3>"$1"; echo "$$" >&3; /bin/sh -c "$2" 3>&- <"$3" >|"$4" 2>&1; echo "$?" >&3';

/**
 * Runs the command to its end, or waits for the end of one that an earlier attempt started.
 *
 * @returns why it did not end well; undefined when it did
 * @throws the signal's reason, which leaves the command running; Error when nothing could be started
 */
export async function runNotice(
  command: NoticeCommand,
  dataDir: string,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<string | undefined> {
  const folder = join(dataDir, 'notices');
  const files = filesOf(folder, command.key);
  const entry = `${NOTICE_MARKER}=${command.key}`;
  if ((await claimIn(files.claim)) === undefined) await launch(command, files);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    // Looked at before the claim: a shell writes how it ended, and is gone then.
    const runs = await isRunning(files.claim, entry);
    const claim = await claimIn(files.claim);
    if (claim?.ended !== undefined) return await endedAs(claim.ended, files);
    if (!runs) return await endedAs('unknown', files);
    const why = await whyToStop(files, claim?.since ?? Date.now(), limitMs);
    if (why !== undefined) {
      await killTree(entry, claim?.pid);
      await writeFile(files.claim, `${why}\n`, { flag: 'a' });
    }
    await sleep(pause);
  }
}

/** Forgets the notices that are so old that no run of their topics can be reset any more. */
export async function forgetOldNotices(dataDir: string, now = Date.now()): Promise<void> {
  const folder = join(dataDir, 'notices');
  const names = await readdir(folder).catch(() => []); // ENOENT: there was no notice yet.
  for (const name of names) {
    const file = join(folder, name);
    const { mtimeMs = now } = (await stat(file).catch(() => undefined)) ?? {};
    if (now - mtimeMs > REMEMBERED_MS) await rm(file, { force: true });
  }
}

interface Files {
  claim: string;
  stdin: string;
  output: string;
}

function filesOf(folder: string, key: string): Files {
  return { claim: join(folder, key), stdin: join(folder, `${key}.in`), output: join(folder, `${key}.out`) };
}

interface Claim {
  since: number;
  pid?: number;
  /** An exit code, or why it was stopped. */
  ended?: string;
}

async function claimIn(file: string): Promise<Claim | undefined> {
  try {
    const { birthtimeMs, mtimeMs } = await stat(file);
    const [pid, ended] = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    return {
      since: Math.min(birthtimeMs || mtimeMs, mtimeMs),
      ...(pid && { pid: Number(pid) }),
      ...defined({ ended }),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns once the notice is claimed, by this shell or another one. */
async function launch({ key, run, cwd, env, stdin }: NoticeCommand, files: Files): Promise<void> {
  // Replaced in one step: the shell of an attempt that was killed may read it just now.
  await writePrivateFile(files.stdin, stdin);
  const child = spawn('/bin/sh', ['-c', LAUNCHER, 'notify', files.claim, run, files.stdin, files.output], {
    cwd,
    detached: true,
    stdio: 'ignore',
    env: { ...childEnvironment(), ...env, [NOTICE_MARKER]: key },
  });
  await once(child, 'spawn');
  let isOver = false;
  child.once('exit', () => (isOver = true));
  child.unref();
  while (!(await claimIn(files.claim))) {
    if (isOver && !(await claimIn(files.claim)))
      throw new Error(`The command of a notice could not be started: ${files.claim} cannot be written.`);
    await sleep(5);
  }
}

async function isRunning(claim: string, entry: string): Promise<boolean> {
  if (process.platform === 'linux') return treeRuns(entry);
  const { pid } = (await claimIn(claim)) ?? {};
  return pid === undefined || (await identityOf(pid)) !== undefined;
}

async function whyToStop({ output }: Files, since: number, limitMs: number): Promise<string | undefined> {
  if (Date.now() - since > limitMs) return `it ran longer than ${limitMs / 1000} s`;
  const { size = 0 } = (await stat(output).catch(() => undefined)) ?? {}; // ENOENT: it has only been claimed.
  return size > MAX_PRINTED_BYTES ? `it printed more than ${MAX_PRINTED_BYTES / 1024 / 1024} MiB` : undefined;
}

/** Only the claim is kept, so that the notice is never delivered again. */
async function endedAs(how: string, { stdin, output }: Files): Promise<string | undefined> {
  const said = how === '0' ? '' : await readFile(output, 'utf8').catch(() => ''); // It was read before.
  await rm(stdin, { force: true });
  await rm(output, { force: true });
  if (how === '0') return undefined;
  const why =
    how === 'unknown'
      ? 'it was cut off, and how far it came is not known'
      : /^\d+$/.test(how)
        ? `it ended with exit code ${how}`
        : how;
  const last = said.trim().slice(-SHOWN_BYTES);
  return last === '' ? why : `${why}: ${last}`;
}
