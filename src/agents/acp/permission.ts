/** A request for a permission → what a person is asked, and what the agent is answered: pure. */
import * as z from 'zod';
import type { Answer, Ask, Decision } from '../../contract/asks.js';
import { isId, type SessionId } from '../../contract/ids.js';
import type { Asking } from './open-asks.js';
import { MAX_SHOWN, shown } from './shown-text.js';
import { toolCallOf, UNKNOWN_TOOL, type ToolCall } from './updates.js';

const text = z.string().nullish().catch(undefined);
const unknown = z.unknown().optional();
const listOf = <T extends z.ZodType>(one: T) =>
  unknown.transform(
    (all) => (Array.isArray(all) ? all : []).flatMap((each) => one.safeParse(each).data ?? []) as z.infer<T>[],
  );

const Option = z.object({ optionId: z.string(), name: text, kind: z.string() });
type Option = z.infer<typeof Option>;
const Content = z.object({
  content: z.object({ text }).optional().catch(undefined),
  path: text,
  oldText: text,
  newText: text,
});
const Call = z.object({
  toolCallId: text,
  title: text,
  name: text,
  kind: text,
  rawInput: unknown,
  locations: listOf(z.object({ path: z.string() })),
  content: listOf(Content),
});
type Call = z.infer<typeof Call>;
const NOTHING: Call = { rawInput: undefined, locations: [], content: [] };
const Asked = z.object({ sessionId: unknown, toolCall: Call.catch(NOTHING), options: listOf(Option) });

const MOST_OFFERED = 50;
const LABEL = 200;
const MOST_LINES = 50;
const MOST_LEAD = 1_400;

/** In which session of which agent, and what is known of its calls. */
export interface Asker {
  session: SessionId;
  call: (id: string) => ToolCall | undefined;
}

/**
 * A permission that can be allowed in several ways, of which each is for once, is a question: a
 * person has to choose one.
 */
export function permissionOf(id: string, params: unknown, { session, call }: Asker): Asking {
  const { sessionId, toolCall, options } = Asked.catch({
    sessionId: undefined,
    toolCall: NOTHING,
    options: [],
  }).parse(params ?? {});
  const before = call(toolCall.toolCallId ?? '');
  const ways = options.filter(({ kind }) => kind === 'allow_once');
  const isQuestion = ways.length > 1;
  const { tool, text: what } = describe(toolCall, before);
  let ask: Ask = {
    ask_id: id,
    kind: isQuestion ? 'question' : 'permission',
    ...(tool !== undefined && { tool }),
    text: what,
    ...subAgentOf(sessionId, session),
    ...(isQuestion && { options: ways.slice(0, MOST_OFFERED).map((way) => ({ label: shown(nameOf(way), LABEL) })) }),
    takes: isQuestion ? ['reply', 'deny'] : takenBy(options),
  };
  let tries = 0;
  return {
    get asks() {
      return [ask];
    },
    take(_ask, answer) {
      const isReply = answer.decision === 'reply';
      const option = isReply ? wayOf(ways, answer) : optionFor(answer, options);
      if (option) return { outcome: { outcome: 'selected', optionId: option.optionId } };
      if (!isReply) return { outcome: { outcome: 'cancelled' } };
      ask = { ...ask, ...againAfter(answer.text, what, id, ++tries) };
      return undefined;
    },
  };
}

/** The same, after a reply that it does not take. It has another name, because the one before was answered. */
export function againAfter(reply = '', asked: string, id: string, tries: number): Pick<Ask, 'ask_id' | 'text'> {
  const refused = `"${shown(reply, LABEL)}" is not what can be answered here.`;
  return { ask_id: `${id}.again${tries}`, text: shown(`${refused}\n${asked}`) };
}

/** Absent: the agent itself asks. */
export function subAgentOf(sessionId: unknown, own: SessionId): Pick<Ask, 'session_id'> {
  return isId(sessionId) && sessionId !== own ? { session_id: sessionId as SessionId } : {};
}

const nameOf = ({ name, optionId }: Option) => name?.trim() || optionId;

/** A denial is always taken: it can be said as `cancelled` where the agent offers none. */
function takenBy(options: readonly Option[]): Decision[] {
  const decisions: Decision[] = ['allow', 'always'];
  return [...decisions.filter((decision) => optionFor({ decision }, options)), 'deny'];
}

/**
 * Of several that are to be remembered, the agent does not say which one is for this session: such
 * a permission is given once. A denial is never for always: that would outlive the turn.
 */
function optionFor({ decision }: Answer, options: readonly Option[]): Option | undefined {
  const of = (kind: string) => options.filter((option) => option.kind === kind);
  switch (decision) {
    case 'allow':
      return of('allow_once')[0];
    case 'always':
      return of('allow_always').length === 1 ? of('allow_always')[0] : undefined;
    case 'deny':
      return of('reject_once')[0];
    case 'reply':
      return undefined;
  }
}

/** By its label, or by the agent's id of it. */
function wayOf(ways: readonly Option[], { text: reply = '' }: Answer): Option | undefined {
  const said = reply.trim().toLowerCase();
  const names = (way: Option) => [shown(nameOf(way), LABEL), nameOf(way), way.optionId].map((one) => one.toLowerCase());
  return ways.find((way) => names(way).includes(said));
}

/** What a person has to know first comes first: the command or the path, then what is short. */
function describe(call: Call, before: ToolCall | undefined): { tool: string | undefined; text: string } {
  const named = { ...call, name: call.name ?? call.kind };
  const { tool, subject } = toolCallOf(named, before);
  const first = subject ?? call.title ?? tool;
  const title = call.title ?? '';
  const inputs = inputLines(call.rawInput, first).sort((one, other) => one.length - other.length);
  const places = call.locations.slice(0, MOST_LINES).map(({ path }) => path);
  const contents = call.content
    .slice(0, MOST_LINES)
    .flatMap((one) => [one.content?.text ?? '', ...(inputs.length > 0 ? [] : diffOf(one))]);
  const lines: string[] = [];
  for (const line of [first, first.includes(title.replaceAll('`', '')) ? '' : title, ...places, ...inputs, ...contents])
    if (line.trim() !== '' && !lines.some((one) => one.includes(line))) lines.push(line);
  const [lead, ...more] = lines;
  return { tool: tool === UNKNOWN_TOOL ? undefined : shown(tool, LABEL), text: withMore(lead ?? '', more.join('\n')) };
}

/** The end of a long command is not left out for what comes after it. */
function withMore(lead: string, more: string): string {
  if (more === '') return shown(lead);
  const first = shown(lead, MOST_LEAD);
  return shown(`${first}\n${shown(more, MAX_SHOWN - first.length - 3)}`);
}

function inputLines(rawInput: unknown, first: string): string[] {
  if (typeof rawInput === 'string') return [rawInput];
  if (typeof rawInput !== 'object' || rawInput === null) return [];
  return Object.entries(rawInput)
    .slice(0, MOST_LINES)
    .filter(([, value]) => value !== first && value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
}

function diffOf({ path, oldText, newText }: z.infer<typeof Content>): string[] {
  return newText == null ? [] : [`${path ?? ''}: ${oldText ?? ''} → ${newText}`];
}
