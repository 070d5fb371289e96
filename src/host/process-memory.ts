/** How much memory a process takes. Linux answers from `/proc`, other systems from `ps`. */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { withSearchPath } from './search-path.js';

/** Bytes in RAM, without its children. `undefined` when the process has ended, or nothing can say. */
export async function memoryOf(pid: number): Promise<number | undefined> {
  const kib = process.platform === 'linux' ? await onLinux(pid) : await elsewhere(pid);
  return kib === undefined || Number.isNaN(kib) ? undefined : kib * 1024;
}

async function onLinux(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => ''); // ENOENT: it has ended.
  const kib = /^VmRSS:\s*(\d+) kB/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib);
}

async function elsewhere(pid: number): Promise<number | undefined> {
  const { failed, stdout } = await execa('ps', ['-o', 'rss=', '-p', String(pid)], {
    env: withSearchPath(process.env),
    reject: false,
  });
  return failed ? undefined : Number.parseInt(stdout, 10);
}
