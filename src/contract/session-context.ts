/**
 * The size of a session, and the cost of reading it again. Pure. Anyone may import this.
 */

export const ON_COLD = ['continue', 'ask', 'compact', 'replace'] as const;
/**
 * What becomes of a prompt whose session is cold and expensive. `continue`: it is put in. `ask`: a
 * person is asked first. `compact`: the agent compacts the conversation before. `replace`: a new
 * session takes over, with a brief of what was done.
 */
export type OnCold = (typeof ON_COLD)[number];

/** The replies to an ask about a cold session. */
export const REPLACE = 'replace' satisfies OnCold;
export const COMPACT = 'compact' satisfies OnCold;

export interface SessionContext {
  /**
   * The input of the last request, cached or not, and the answer. Absent: the agent does not report it.
   */
  tokens?: number;
  /** When that was. ISO 8601. */
  at: string;
  /** Until then we assume that the provider's cache has the conversation. ISO 8601. */
  warm_until: string;
  /** The cost in US dollars of reading these tokens from the cache. Absent: the price is not known. */
  warm_usd?: number;
  /** The cost once the cache no longer has them. */
  cold_usd?: number;
}

/** What a turn needs if its session is cold. */
export interface IfCold {
  /** The size of the session. Absent: it is not known, or the turn does not need it. */
  context?: SessionContext;
  /** The prompt's own. It replaces that of the config. `compact` comes in `compacts_first`. */
  on_cold?: OnCold;
  /** The prompt says `compact`. `on_cold` is `continue` then, for a worker that does not know this. */
  compacts_first?: true;
  /** Another session may take the prompt. */
  may_be_replaced?: true;
}

/** @param now in ms since 1970 */
export const isWarm = ({ warm_until }: Pick<SessionContext, 'warm_until'>, now: number): boolean =>
  Date.parse(warm_until) > now;

/** e.g. `182,000 tokens` */
export const tokenWords = (tokens: number) => `${String(Math.round(tokens)).replace(/\B(?=(\d{3})+$)/g, ',')} tokens`;

/** e.g. `$0.68` */
export const dollarWords = (usd: number) => `$${usd < 0.01 ? usd.toPrecision(1) : usd.toFixed(2)}`;

/**
 * e.g. `182,000 tokens, cold since 14:05; the next turn reads them again, about $0.68 (warm: $0.05)`
 *
 * @param time writes a time for its reader
 */
export function contextWords(context: SessionContext, now: number, time: (iso: string) => string): string {
  const { tokens, warm_until, warm_usd, cold_usd } = context;
  const holds = tokens === undefined ? [] : [tokenWords(tokens)];
  if (!isWarm(context, now)) {
    const costs = cold_usd === undefined ? '' : `, about ${dollarWords(cold_usd)}`;
    const instead = warm_usd === undefined ? '' : ` (warm: ${dollarWords(warm_usd)})`;
    const said = [...holds, `cold since ${time(warm_until)}`].join(', ');
    return tokens === undefined ? said : `${said}; the next turn reads them again${costs}${instead}`;
  }
  const costs = warm_usd === undefined ? '' : `; the next turn reads them for about ${dollarWords(warm_usd)}`;
  const later = cold_usd === undefined ? '' : ` (cold: ${dollarWords(cold_usd)})`;
  return `${[...holds, `warm until ${time(warm_until)}`].join(', ')}${costs}${later}`;
}

/** Checks a value of a result, because an operator can complete a turn with any value. */
export function isSessionContext(value: object): value is SessionContext {
  const { tokens, at, warm_until, warm_usd, cold_usd, ...others } = value as Record<string, unknown>;
  const amounts = [tokens, warm_usd, cold_usd];
  return (
    [at, warm_until].every(
      (time) => typeof time === 'string' && time.length <= 30 && !Number.isNaN(Date.parse(time)),
    ) &&
    amounts.every((one) => one === undefined || (typeof one === 'number' && Number.isFinite(one) && one >= 0)) &&
    Object.keys(others).length === 0
  );
}
