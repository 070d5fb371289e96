/** Which versions of other programs we support: the one table. Doctor, the agents and the development stack go by it. */

export interface Supported {
  name: string;
  /** The oldest version that has what we use. */
  oldest: string;
  /** The first version that we refuse. */
  below?: string;
  /** The exact versions that our tests ran with. */
  tried: readonly string[];
  /** What to do about a version outside of the range. */
  mend: string;
}

export const SUPPORTED = {
  // The first 20.x with util.styleText.
  node: { name: 'Node', oldest: '20.12.0', tried: ['20.20.2'], mend: 'Install a newer Node, such as: npx node@20' },
  // A server and the SDK of another minor version may disagree. 2.x migrates the store at its first start and cannot go back.
  opencode: { name: 'OpenCode', oldest: '1.18.0', below: '2.0.0', tried: ['1.18.33'], mend: 'npm install --global opencode-ai@1.18.33' },
  // The first with a server that has update-with-start for general use (1.28).
  temporalProgram: { name: 'The temporal program', oldest: '1.4.0', tried: ['1.9.1'], mend: 'Remove it from PATH and continuity up fetches 1.9.1, or: brew upgrade temporal' },
  temporalServer: { name: 'The Temporal server', oldest: '1.28.0', tried: ['1.32.0'], mend: 'Upgrade it, one minor version at a time: docs/operations.md' },
} as const satisfies Record<string, Supported>;

/** `newer`: a minor version after all that were tried. `unknown`: no version of this program's, such as `local`. */
export type Verdict = 'fine' | 'newer' | 'older' | 'refused' | 'unknown';

/** A preview (0.0.0-next-16621) does not say which release it comes before. */
export function verdictOn({ oldest, below, tried }: Supported, version: string): Verdict {
  const numbers = numbersOf(version);
  if (!numbers || version.startsWith('0.0.0-')) return 'unknown';
  if (below !== undefined && compare(numbers, numbersOf(below) ?? []) >= 0) return 'refused';
  if (compare(numbers, numbersOf(oldest) ?? []) < 0) return 'older';
  const minorOf = (of: readonly number[]) => of.slice(0, 2);
  return tried.every((one) => compare(minorOf(numbers), minorOf(numbersOf(one) ?? [])) > 0) ? 'newer' : 'fine';
}

/** In words, for messages. */
export function rangeOf({ oldest, below, tried }: Supported): string {
  return `supported: ${oldest} or later${below === undefined ? '' : ` below ${below}`}; tried: ${tried.join(', ')}`;
}

function numbersOf(version: string): number[] | undefined {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
