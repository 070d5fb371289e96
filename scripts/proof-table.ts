/**
 * Generates the table of `decide` for the model checker from the code: the deed for every input.
 */
import { decide, type Deed, type Seen } from '../src/agents/turn/decide.js';

export type Capabilities = Seen['capabilities'];
/**
 * Breaks one rule of the table. It returns another deed for an input, or undefined to keep the deed
 * of `decide`.
 */
export type Mutation = (seen: Seen, deed: Deed) => Deed | undefined;

/** The model's limit. Its numbers of puts mean none, some, and the maximum. */
const MAX_PUTS = 2;
const MAX_STEPS = 1;

const CODES: Record<Deed, string> = {
  harvest: 'HARVEST',
  report_cancelled: 'REPORT_CANCELLED',
  report_unknown: 'REPORT_UNKNOWN',
  report_stuck: 'REPORT_STUCK',
  wait: 'WAIT',
  look_again: 'LOOK_AGAIN',
  abort: 'DO_ABORT',
  put: 'PUT',
  go_on: 'GO_ON',
};
const DEEDS = Object.keys(CODES) as Deed[];

const bit = [false, true] as const;
/** The factors of the index, in order. The last one changes fastest. */
const INPUTS = {
  end: bit,
  superseded: bit,
  busy: [false, 'this', 'ours', 'theirs'],
  present: bit,
  runaway: bit,
  settled: bit,
  cancelled: bit,
  noted: bit,
  puts: [0, 1, MAX_PUTS],
  gaveUp: bit,
} as const;

interface Row {
  end: boolean;
  superseded: boolean;
  busy: Seen['sight']['busy'];
  present: boolean;
  runaway: boolean;
  settled: boolean;
  cancelled: boolean;
  noted: boolean;
  puts: number;
  gaveUp: boolean;
}

function rows(): Row[] {
  let all: object[] = [{}];
  for (const [name, values] of Object.entries(INPUTS))
    all = all.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  return all as Row[];
}

function seenOf({ end, present, superseded, busy, runaway, ...rest }: Row, capabilities: Capabilities): Seen {
  const sight = {
    prompt: present ? 'present' : 'absent',
    superseded,
    busy,
    steps: runaway ? MAX_STEPS + 1 : 0,
    ...(end && { end: {} }),
  } as const;
  return { ...rest, sight, maxPuts: MAX_PUTS, maxSteps: MAX_STEPS, capabilities };
}

/**
 * The real limits are larger than the model's.
 * @throws Error when `decide` answers a number between the limits differently than the number that
 * represents it in the model
 */
function compareWithLargerLimits(seen: Seen, deed: Deed): void {
  const maxPuts = 5;
  const maxSteps = 500;
  const same = seen.puts === 0 ? [0] : seen.puts < MAX_PUTS ? [1, 2, 3, 4] : [5, 6];
  const steps = seen.sight.steps > MAX_STEPS ? [501, 900] : [0, 1, 500];
  for (const puts of same)
    for (const count of steps) {
      const real = decide({ ...seen, puts, maxPuts, maxSteps, sight: { ...seen.sight, steps: count } });
      if (real !== deed)
        throw new Error(
          `decide tells ${puts} puts of at most ${maxPuts} from ${seen.puts} of ${MAX_PUTS}: the model in proof/turn.pml has to learn that.`,
        );
    }
}

/**
 * Returns a C header with the deeds by name, the index and the table. `changed` is the number of
 * deeds that the mutation changed.
 */
export function tableOf(capabilities: Capabilities, mutation?: Mutation): { header: string; changed: number } {
  let changed = 0;
  const deeds = rows().map((row) => {
    const seen = seenOf(row, capabilities);
    const deed = decide(seen);
    compareWithLargerLimits(seen, deed);
    const instead = mutation?.(seen, deed) ?? deed;
    if (instead !== deed) changed++;
    return DEEDS.indexOf(instead);
  });
  const names = Object.keys(INPUTS);
  const index = Object.entries(INPUTS).reduce(
    (sum, [name, values]) => (sum === '' ? `(${name})` : `(${sum} * ${values.length} + (${name}))`),
    '',
  );
  const header = [
    '/* Generated from src/agents/turn/decide.ts by scripts/proof.ts. */',
    ...DEEDS.map((deed, code) => `#define ${CODES[deed]} ${code}`),
    `#define PROMPT_IDS ${Number(capabilities.promptIds)}`,
    `#define REPEATABLE ${Number(capabilities.repeatablePut)}`,
    `#define MAX_PUTS ${MAX_PUTS}`,
    'c_decl {',
    `\\#define INDEX(${names.join(', ')}) ${index}`,
    `  static const unsigned char table[${deeds.length}] = { ${deeds.join(', ')} };`,
    '}',
    '',
  ].join('\n');
  return { header, changed };
}
