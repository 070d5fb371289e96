/** What the person at the terminal is told meanwhile, on stderr: stdout is for what the demo has to show. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Nobody reads any more (`npm run demo | head`): no reason to leave things behind. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const begun = performance.now();

export function say(line: string): void {
  process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
}

export async function until(condition: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition())) await sleep(100, undefined, { signal });
}
