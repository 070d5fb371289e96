/**
 * The one table of supported versions of other programs. Doctor, the agents and the development
 * stack use it.
 */

export interface Supported {
  name: string;
  /** The oldest version that has what we use. */
  oldest: string;
  /** The first version that we refuse. */
  below?: string;
  /** The exact versions that were tried. Our tests ran with the first one, and `npm run agents:matrix` with the others. */
  tried: readonly string[];
  /** What to do about an unsupported version. */
  mend: string;
}

export const SUPPORTED = {
  // The first 20.x with util.styleText.
  node: { name: 'Node', oldest: '20.12.0', tried: ['20.20.2'], mend: 'Install a newer Node, such as: npx node@20' },
  // A server and an SDK of different minor versions may disagree. 2.x migrates the store at its
  // first start and cannot go back.
  opencode: {
    name: 'OpenCode',
    oldest: '1.18.15',
    below: '2.0.0',
    tried: ['1.18.33', '1.18.20', '1.18.15'],
    mend: 'npm install --global opencode-ai@1.18.33',
  },
  // We resume a turn that was cut off with environment variables, which an older version may not know.
  claudeCode: {
    name: 'Claude Code',
    oldest: '2.1.322',
    tried: ['2.1.331', '2.1.332', '2.1.330', '2.1.322'],
    mend: 'npm install --global @anthropic-ai/claude-code@2.1.331',
  },
  // We need an app-server that listens on a socket and that stores a thread when it is named.
  codex: {
    name: 'Codex',
    oldest: '0.168.0',
    tried: ['0.169.0', '0.171.0', '0.168.0'],
    mend: 'npm install --global @openai/codex@0.169.0',
  },
  // The first version whose server has update-with-start for general use (1.28).
  temporalProgram: {
    name: 'The temporal program',
    oldest: '1.4.0',
    tried: ['1.9.1'],
    mend: 'Remove it from PATH and continuity up fetches 1.9.1, or: brew upgrade temporal',
  },
  temporalServer: {
    name: 'The Temporal server',
    oldest: '1.28.0',
    tried: ['1.32.0'],
    mend: 'Upgrade it, one minor version at a time: docs/operations.md',
  },
} as const satisfies Record<string, Supported>;

/**
 * - `newer`: a later minor version than all that were tried.
 * - `unknown`: not a version number, such as `local`.
 */
export type Verdict = 'fine' | 'newer' | 'older' | 'refused' | 'unknown';

/** A preview such as 0.0.0-next-16621 does not say which release it precedes. */
export function verdictOn({ oldest, below, tried }: Supported, version: string): Verdict {
  const numbers = numbersOf(version);
  if (!numbers || version.startsWith('0.0.0-')) return 'unknown';
  if (below !== undefined && compare(numbers, numbersOf(below) ?? []) >= 0) return 'refused';
  if (compare(numbers, numbersOf(oldest) ?? []) < 0) return 'older';
  const minorOf = (of: readonly number[]) => of.slice(0, 2);
  return tried.every((one) => compare(minorOf(numbers), minorOf(numbersOf(one) ?? [])) > 0) ? 'newer' : 'fine';
}

export function rangeOf({ oldest, below, tried }: Supported): string {
  return `supported: ${oldest} or later${below === undefined ? '' : ` below ${below}`}; tried: ${tried.join(', ')}`;
}

/** What our tests say of this version, in words. */
export function supportOf(supported: Supported, version: string): string {
  const { tried } = supported;
  if (tried.includes(version)) return 'supported, tried';
  switch (verdictOn(supported, version)) {
    case 'fine':
      return `supported, not tried itself (tried: ${tried.join(', ')})`;
    case 'newer':
      return `newer than what was tried (${tried.join(', ')})`;
    case 'unknown':
      return `not known (${rangeOf(supported)})`;
    case 'older':
    case 'refused':
      return `not supported (${rangeOf(supported)})`;
  }
}

function numbersOf(version: string): number[] | undefined {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
