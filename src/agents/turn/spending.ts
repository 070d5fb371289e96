/** Compares what a turn has used with what it may use. */
import type { Usage } from '../../contract/types.js';
import { beyond, sumOf } from '../../contract/usage.js';
import type { Stop, TurnRequest } from '../agent.js';
import type { Sight } from '../driver.js';
import type { ProgressTally } from './progress.js';

export class Spending {
  /** What sub-agents had used before this attempt. No signal tells it. */
  #untold: Usage | undefined;
  #waitsForBackground = false;

  constructor(
    private readonly budget: TurnRequest['budget'],
    private readonly tally: ProgressTally,
  ) {}

  /** `isFirst`: the tally has just been given what the session tells of the agent itself. */
  see(sight: Sight, isFirst: boolean): void {
    if (isFirst) this.#untold = beyond(sight.said().usage, this.tally.usage);
    this.#waitsForBackground = sight.background !== undefined;
  }

  /** Of a turn at work. An agent that waits for its background could not go on after a cut. */
  over(): Stop | undefined {
    if (this.#waitsForBackground) return undefined;
    const { usage, steps } = this.tally;
    return this.budget?.(usage && this.#untold ? sumOf([usage, this.#untold]) : usage, steps);
  }

  overIn(sight: Sight): Stop | undefined {
    return this.budget?.(sight.said().usage, sight.steps);
  }
}
