/** Reports of a turn's session how much it holds, how long the cache has that, and what it costs. */
import type { Agent, AgentOutcome, SessionRef } from '../agents/agent.js';
import type { AgentKind, Config } from '../config.js';
import { defined } from '../contract/defined.js';
import type { SessionContext } from '../contract/session-context.js';
import type { RunTurnInput } from './types.js';
import { priceIn, readingCost } from './prices.js';

const MINUTE = 60_000;

/**
 * How long a provider's cache keeps a conversation after its last request, if the agent does not report
 * it. `agents.<name>.cacheLifetime` replaces it.
 *
 * - Anthropic: 5 minutes, and each use restarts them (platform.claude.com, "Prompt caching").
 *   OpenCode asks for no longer time.
 * - Claude Code: it asks for 1 hour with a subscription (code.claude.com, "Prompt caching"). Of 13,731
 *   turns those within an hour found their cache, and those after it did not. The lifetime that the
 *   session's file names goes before this one.
 * - OpenAI: 5 to 10 minutes, never more than an hour (developers.openai.com, "Prompt caching").
 * - ACP: any provider, so the shortest counts.
 */
const WARM_FOR: Record<AgentKind, number> = {
  opencode: 5 * MINUTE,
  'claude-code': 60 * MINUTE,
  codex: 10 * MINUTE,
  acp: 5 * MINUTE,
};

type Turn = Pick<RunTurnInput, 'pinned'>;
type Host = Pick<Config, 'agents' | 'prices'>;

/**
 * `undefined`: the turn reported nothing of it, so the last known value counts.
 *
 * @param now when the turn ended, in ms since 1970. Counts for an agent that does not report when
 *   it last asked its model
 */
export async function heldAfter(
  { status, context, model = undefined }: Pick<AgentOutcome, 'status' | 'context' | 'model'>,
  { pinned }: Turn,
  config: Host,
  ask: { agent: Agent; session: SessionRef },
  now = Date.now(),
): Promise<SessionContext | undefined> {
  if (!context && status !== 'completed') return undefined;
  const { agents } = config;
  const own = agents[pinned.agent];
  const { tokens, at, warm_ms } = context ?? { at: new Date(now).toISOString() };
  const ms = own?.cacheLifetimeMs ?? warm_ms ?? WARM_FOR[own?.kind ?? 'acp'];
  const costs = tokens === undefined ? {} : await costOf(tokens, model ?? pinned.model, config, ask);
  return { ...defined({ tokens }), at, warm_until: new Date(Date.parse(at) + ms).toISOString(), ...costs };
}

/** By the prices of the config, else by the agent's own list. Empty if neither has the model. */
export async function costOf(
  tokens: number,
  model: string | undefined,
  { prices }: Pick<Config, 'prices'>,
  { agent, session }: { agent: Agent; session: SessionRef },
): Promise<Pick<SessionContext, 'warm_usd' | 'cold_usd'>> {
  // The turn has ended. An agent that does not answer now must not fail it.
  const price = priceIn(prices, model) ?? (await agent.priceOf?.(session, model).catch(() => undefined));
  return price ? readingCost(tokens, price) : {};
}
