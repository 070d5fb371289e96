/**
 * What a request says to the model, in the order in which a provider caches it: tools, system
 * prompt, messages. Left out is what no model reads: marks of the cache, which move from turn to
 * turn, and the ids of messages, which differ from session to session.
 */
export interface Segment {
  text: string;
  tokens: number;
  /** Whether the model has written it. */
  byModel: boolean;
}

interface Body {
  tools?: unknown[];
  /** Anthropic's Messages. */
  system?: unknown;
  /** OpenAI's Responses. */
  instructions?: string;
  input?: unknown[];
  messages?: unknown[];
}

/** Each text is kept and counted once, because most of a request was in the one before. */
const known = new Map<string, Segment>();

export function segmentsOf(body: string, tokensIn: (text: string) => number): Segment[] {
  const { tools = [], system, instructions, input = [], messages = [] } = JSON.parse(body) as Body;
  const before = [...tools, ...(Array.isArray(system) ? system : [system]), instructions];
  return [...before.filter((part) => part !== undefined), ...messages, ...input].map((part) => {
    const text = plain(part);
    const segment = known.get(text) ?? { text, tokens: tokensIn(text), byModel: isOfModel(part) };
    known.set(text, segment);
    return segment;
  });
}

function plain(part: unknown): string {
  const read = isItem(part) ? { ...part, id: undefined } : part;
  return JSON.stringify(read, (key, value: unknown) => (key === 'cache_control' ? undefined : value));
}

const isItem = (part: unknown): part is Record<string, unknown> =>
  typeof part === 'object' && part !== null && !Array.isArray(part);

function isOfModel(item: unknown): boolean {
  if (!isItem(item)) return false;
  const { role, type } = item;
  return role === 'assistant' || type === 'function_call' || type === 'custom_tool_call' || type === 'reasoning';
}
