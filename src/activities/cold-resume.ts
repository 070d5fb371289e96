/**
 * Decides about a prompt whose session is cold (`onCold`): put it in, ask a person, compact first, or open
 * another session. The decision is made before the prompt is put in. Every attempt makes the same one.
 */
import type { Stop } from '../agents/agent.js';
import type { OnColdConfig } from '../config.js';
import type { Answered, Ask } from '../contract/asks.js';
import { failure, type Failure } from '../contract/failures.js';
import { COMPACT, dollarWords, isWarm, REPLACE, tokenWords, type SessionContext } from '../contract/session-context.js';
import { digestOf } from '../contract/text.js';
import type { RunTurnInput } from './types.js';

type Turn = Pick<RunTurnInput, 'topic' | 'turn' | 'prompt_id' | 'session_id' | 'answered' | 'waits'> &
  Pick<RunTurnInput, 'context' | 'on_cold' | 'compacts_first' | 'may_be_replaced'>;

export class ColdResume {
  #replaced = false;
  #keptOut = false;

  constructor(
    private readonly turn: Turn,
    private readonly config: OnColdConfig,
    /** When the turn was scheduled, in ms since 1970: every attempt decides for the same moment. */
    private readonly at: number,
    /** The cost of reading so many tokens again now, if it is known. */
    private readonly costOf: (tokens: number) => Promise<Pick<SessionContext, 'cold_usd'>>,
    /** Whether the agent compacts on request. If not, the ask does not offer it. */
    private readonly canCompact = false,
  ) {}

  /** Whether there is something to decide: the session was cold when the turn was scheduled. */
  get isQuestion(): boolean {
    return this.#asked !== undefined || this.#coldTokens !== undefined;
  }

  /** Whether another session takes over. */
  get isReplaced(): boolean {
    return this.#replaced;
  }

  /** Whether the prompt stays out of its session. */
  get keptOut(): boolean {
    return this.#keptOut;
  }

  /** `undefined`: the prompt is put in at once. `compact`: after a compaction. */
  async decision(): Promise<Stop | 'compact' | undefined> {
    const { compacts_first, may_be_replaced, waits } = this.turn;
    const on_cold = compacts_first ? 'compact' : (this.turn.on_cold ?? this.config.do);
    if (this.#asked) return this.#answered(this.#asked);
    const tokens = this.#coldTokens;
    if (on_cold === 'continue' || tokens === undefined) return undefined;
    const { cold_usd } = await this.costOf(tokens);
    const { above, aboveTokens } = this.config;
    if (cold_usd === undefined ? tokens < aboveTokens : cold_usd < above) return undefined;
    if (on_cold === 'compact') return 'compact';
    if (on_cold === 'ask') return waits ? { ask: this.#ask(tokens, cold_usd) } : undefined;
    return may_be_replaced ? this.#replace() : undefined;
  }

  get #asked(): Answered | undefined {
    return this.turn.answered?.findLast(({ ask }) => ask.ask_id === this.#askId);
  }

  /** `undefined`: the session is warm, or it is not known how much it holds. */
  get #coldTokens(): number | undefined {
    const { context } = this.turn;
    return context && !isWarm(context, this.at) ? context.tokens : undefined;
  }

  /** The id has the session, so that the session that takes over asks anew. */
  get #askId(): string {
    const { topic, prompt_id, turn, session_id } = this.turn;
    return `cold-${digestOf(JSON.stringify([topic, prompt_id, turn, session_id]))}`;
  }

  #answered({ answer, by }: Answered): Stop | 'compact' | undefined {
    const reply = answer.decision === 'reply' ? answer.text?.trim() : undefined;
    if (reply === REPLACE) return this.#replace();
    if (reply === COMPACT) return 'compact';
    if (answer.decision !== 'deny') return undefined;
    const why =
      by === 'time'
        ? 'No answer came in time.'
        : `A person denied the prompt${answer.text === undefined ? '.' : `: ${answer.text}`}`;
    return { denied: this.#failed(`${why} Nothing was put in.`) };
  }

  #replace(): Stop {
    this.#replaced = true;
    return { denied: this.#failed('Another session takes its place.') };
  }

  #failed(message: string): Failure {
    this.#keptOut = true;
    return failure('COLD_SESSION', `Session ${this.turn.session_id} is cold. ${message}`);
  }

  #ask(tokens: number, cold_usd: number | undefined): Ask {
    const { may_be_replaced } = this.turn;
    const costs = cold_usd === undefined ? '' : `, about ${dollarWords(cold_usd)}`;
    const options = [
      ...(this.canCompact
        ? [
            {
              label: COMPACT,
              description: `the agent first reads them once${costs}, and sums them up for the prompts that follow`,
            },
          ]
        : []),
      ...(may_be_replaced ? [{ label: REPLACE, description: 'a new session, with a brief of what was done' }] : []),
    ];
    return {
      ask_id: this.#askId,
      kind: 'cold',
      text: `The session has ${tokenWords(tokens)} and is cold: the prompt reads them again${costs}. Go on?`,
      takes: ['allow', 'deny', ...(options.length > 0 ? ['reply' as const] : [])],
      ...(options.length > 0 && { options }),
    };
  }
}
