/** Draws bars, one a line. Pure. */

export interface Bar {
  label: string;
  value: number;
  /** The value in words. */
  said: string;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEAST_WIDTH = 10;

/** @param draws whether characters outside of ASCII are allowed */
export function barsOf(bars: readonly Bar[], { columns, draws }: { columns: number; draws: boolean }): string {
  const widest = (texts: string[]) => Math.max(...texts.map((text) => text.length), 0);
  const label = widest(bars.map((bar) => bar.label));
  const said = widest(bars.map((bar) => bar.said));
  const width = Math.max(columns - label - said - 4, LEAST_WIDTH);
  const most = Math.max(...bars.map(({ value }) => value), 0);
  return bars
    .map((bar) => {
      const drawn = draws ? blocks(bar.value, most, width) : hashes(bar.value, most, width);
      return `${bar.label.padEnd(label)}  ${drawn.padEnd(width)}  ${bar.said.padStart(said)}`;
    })
    .join('\n');
}

/** A value above 0 has at least one character. */
const steps = (value: number, most: number, all: number) =>
  value > 0 && most > 0 ? Math.max(Math.round((value / most) * all), 1) : 0;

const hashes = (value: number, most: number, width: number) => '#'.repeat(steps(value, most, width));

function blocks(value: number, most: number, width: number): string {
  const eighths = steps(value, most, width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
