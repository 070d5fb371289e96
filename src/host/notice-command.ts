/**
 * Starts the command of a notice once, whatever is killed. A shell in its own process group claims the
 * notice: it creates a file that must not exist, and then runs the command. If the worker is killed before
 * the claim, the next attempt starts the command. If the worker is killed after the claim, the next attempt
 * finds the file and waits for the command's end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../contract/defined.js';
import { childEnvironment } from './environment.js';
import { writePrivateFile } from './private-file.js';
import { hasInEnvironment } from './proc.js';
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
const STOPPING = 'stopping: ';
const SHOWN_BYTES = 300;
const FIRST_PAUSE_MS = 10;
/** A command that prints without end fills the disk until the next look. */
const LONGEST_PAUSE_MS = 100;
const REMEMBERED_MS = 90 * 24 * 60 * 60 * 1000;

/**
 * `set -C` lets the redirection create the file or fail (O_EXCL), and a shell whose `exec` fails ends. If a
 * full disk has no room for its pid, the shell takes the claim back, and a later attempt starts the command.
 * $1: the claim, $2: the command, $3: its input, $4: its output.
 */
const LAUNCHER = [
  'set -C; exec 3>"$1"; echo "$$" >&3 || { rm -f "$1"; exit; }',
  '/bin/sh -c "$2" 3>&- <"$3" >|"$4" 2>&1; echo "$?" >&3',
].join('\n');

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
  let claim = (await claimIn(files.claim)) ?? (await launch(command, files));
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    // Look for the shell before the end: it writes the end, and then exits.
    const runs = await isRunning(claim, entry);
    claim = (await claimIn(files.claim)) ?? claim;
    if (claim.ended !== undefined) return await endedAs(claim.ended, files);
    if (!runs && claim.stopping === undefined) return await endedAs('unknown', files);
    const why = claim.stopping ?? (await whyToStop(files, claim.since, limitMs));
    if (why !== undefined) {
      // Note the reason before the kill, so that another attempt does not take it for the command's own end.
      if (claim.stopping === undefined) await note(files, `${STOPPING}${why}`);
      await killTree(entry, claim.pid);
      await note(files, why);
    }
    await sleep(pause);
  }
}

/** Forgets notices of topics whose runs are too old to be reset. */
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
  /** Why an attempt is about to end the command. Any attempt that reads this may end it. */
  stopping?: string;
  /** An exit code, or why it was stopped. */
  ended?: string;
}

async function claimIn(file: string): Promise<Claim | undefined> {
  try {
    const { birthtimeMs, mtimeMs } = await stat(file);
    const [pid, ...more] = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    const ended = more.find((line) => !line.startsWith(STOPPING));
    const stopping = more.find((line) => line.startsWith(STOPPING))?.slice(STOPPING.length);
    return {
      since: Math.min(birthtimeMs || mtimeMs, mtimeMs),
      ...(pid && { pid: Number(pid) }),
      ...defined({ stopping, ended }),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns once a shell has claimed the notice: this one or another. */
async function launch({ key, run, cwd, env, stdin }: NoticeCommand, files: Files): Promise<Claim> {
  // Replaced atomically, because the shell of a killed attempt may be reading it.
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
  for (;;) {
    const wasOver = isOver;
    const claim = await claimIn(files.claim);
    if (claim && (claim.pid !== undefined || wasOver)) return claim;
    if (wasOver) throw new Error(`The command of a notice could not be started: ${files.claim} cannot be written.`);
    await sleep(5);
  }
}

/** Asks for the claim's shell first, because a look at all processes is slow. The shell outlives its command, unless it was killed. */
async function isRunning({ pid }: Claim, entry: string): Promise<boolean> {
  if (process.platform === 'linux') return (pid !== undefined && hasInEnvironment(pid, entry)) || treeRuns(entry);
  return pid === undefined || (await identityOf(pid)) !== undefined;
}

async function note({ claim }: Files, line: string): Promise<void> {
  await writeFile(claim, `${line}\n`, { flag: 'a' });
}

async function whyToStop({ output }: Files, since: number, limitMs: number): Promise<string | undefined> {
  if (Date.now() - since > limitMs) return `it ran longer than ${limitMs / 1000} s`;
  const { size = 0 } = (await stat(output).catch(() => undefined)) ?? {}; // ENOENT: it has only been claimed.
  return size > MAX_PRINTED_BYTES ? `it printed more than ${MAX_PRINTED_BYTES / 1024 / 1024} MiB` : undefined;
}

/** Keeps only the claim, so that the notice is never delivered again. */
async function endedAs(how: string, { stdin, output }: Files): Promise<string | undefined> {
  const last = how === '0' ? '' : await endOf(output);
  await rm(stdin, { force: true });
  await rm(output, { force: true });
  if (how === '0') return undefined;
  const why =
    how === 'unknown'
      ? 'it was cut off, and how far it came is not known'
      : /^\d+$/.test(how)
        ? `it ended with exit code ${how}`
        : how;
  return last === '' ? why : `${why}: ${last}`;
}

/** Reads only the end, because the file may be too large for memory. */
async function endOf(file: string): Promise<string> {
  try {
    await using output = await open(file);
    const { size } = await output.stat();
    const length = Math.min(size, SHOWN_BYTES);
    const { buffer, bytesRead } = await output.read({ buffer: Buffer.alloc(length), position: size - length });
    const cut = size > length ? buffer.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0; // Not within a character.
    return buffer.toString('utf8', Math.max(cut, 0), bytesRead).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // It was read before.
    throw error;
  }
}
