/** Messages for the person at the terminal, on stderr. stdout is for the example's output. */
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';

/** A reader that exits (`npm run demo | head`) must not prevent the clean-up. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const startedAt = performance.now();

/** Coloured in a terminal, plain elsewhere. */
export function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText(format, text) : text;
}

export function say(line: string): void {
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
}

export async function until(condition: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition())) await sleep(100, undefined, { signal });
}
