/**
 * The model, variant and mode that a session is pinned to → what has to be set in the agent's
 * session, one step after the other: another model can bring other variants. Pure.
 */
import * as z from 'zod';
import { failure, type Failure } from '../../contract/failures.js';
import type { SessionRef } from '../agent.js';

const Value = z.looseObject({ value: z.string() });
const Select = z.looseObject({
  id: z.string(),
  category: z.string().nullish(),
  currentValue: z.string(),
  options: z.array(z.union([Value, z.looseObject({ options: z.array(Value) })])),
});
const Modes = z.looseObject({
  currentModeId: z.string(),
  availableModes: z.array(z.looseObject({ id: z.string() })),
});

/** What an agent answers to `session/new`, `session/load` and `session/resume`. */
export const SessionAnswer = z.looseObject({
  sessionId: z.string().optional().catch(undefined),
  modes: Modes.nullish().catch(undefined),
  configOptions: z
    .array(z.unknown())
    .nullish()
    .catch(undefined)
    .transform((options) => options?.flatMap((option) => Select.safeParse(option).data ?? [])),
});
export type SessionState = Pick<z.infer<typeof SessionAnswer>, 'modes' | 'configOptions'>;

export type Wanted = Pick<SessionRef, 'model' | 'variant' | 'mode'>;

export interface Change {
  method: 'session/set_config_option' | 'session/set_mode';
  params: Record<string, string>;
  /** The state once it is done, where the agent does not say it. */
  after: SessionState;
}

/** The model that the session uses. undefined: the agent does not say. */
export const modelOf = (state: SessionState) => optionOf(state, 'model')?.currentValue;

/** undefined: all is as wanted. */
export function nextChange(state: SessionState, wanted: Wanted, agent: string): Change | Failure | undefined {
  return (
    choose(state, 'model', wanted.model, (has) => noSuch(agent, 'MODEL_UNKNOWN', 'model', wanted.model, has)) ??
    choose(state, 'thought_level', wanted.variant, (has) =>
      noSuch(agent, 'MODEL_FAILED', 'variant', wanted.variant, has),
    ) ??
    chooseMode(state, wanted.mode, agent)
  );
}

export const isChange = (next: Change | Failure): next is Change => 'method' in next;

function chooseMode(state: SessionState, mode: string | undefined, agent: string): Change | Failure | undefined {
  const { modes } = state;
  const refused = (has: string[]) => noSuch(agent, 'AGENT_UNKNOWN', 'mode', mode, has);
  if (mode === undefined || !modes) return choose(state, 'mode', mode, refused);
  if (modes.currentModeId === mode) return undefined;
  const ids = modes.availableModes.map(({ id }) => id);
  if (!ids.includes(mode)) return refused(ids);
  return {
    method: 'session/set_mode',
    params: { modeId: mode },
    after: { ...state, modes: { ...modes, currentModeId: mode } },
  };
}

function choose(
  state: SessionState,
  category: string,
  value: string | undefined,
  refused: (has: string[]) => Failure,
): Change | Failure | undefined {
  if (value === undefined) return undefined;
  const option = optionOf(state, category);
  if (!option) return refused([]);
  if (option.currentValue === value) return undefined;
  const values = option.options
    .flatMap((one) => ('value' in one ? [one as z.infer<typeof Value>] : one.options))
    .map((one) => one.value);
  if (!values.includes(value)) return refused(values);
  const configOptions = (state.configOptions ?? []).map((one) =>
    one === option ? { ...one, currentValue: value } : one,
  );
  return {
    method: 'session/set_config_option',
    params: { configId: option.id, value },
    after: { ...state, configOptions },
  };
}

/** By its category; by its id where the agent gives none. */
function optionOf({ configOptions }: SessionState, category: string) {
  return (
    configOptions?.find((option) => option.category === category) ??
    configOptions?.find((option) => option.category == null && option.id === category)
  );
}

const MOST_LISTED = 20;

function noSuch(
  agent: string,
  code: 'MODEL_FAILED' | 'MODEL_UNKNOWN' | 'AGENT_UNKNOWN',
  what: string,
  asked = '',
  has: string[],
): Failure {
  if (has.length === 0)
    return failure(
      code,
      `${agent} does not let a client choose a ${what}, and ${asked} was asked for. Nothing was put in.`,
      `Leave the ${what} out, and choose it in the agent's own configuration.`,
    );
  const more = has.length > MOST_LISTED ? `, and ${has.length - MOST_LISTED} more` : '';
  const message = `${agent} has no ${what} ${asked}. It has: ${has.slice(0, MOST_LISTED).join(', ')}${more}. Nothing was put in.`;
  return failure(code, message, `Name one that the message lists, or leave the ${what} out.`);
}
