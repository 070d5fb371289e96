/**
 * What a request says to the model, in the order in which a provider caches it: tools, system
 * prompt, messages. Marks of the cache itself are left out, because they move from turn to turn.
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

const plain = (part: unknown) =>
  JSON.stringify(part, (key, value: unknown) => (key === 'cache_control' ? undefined : value));

function isOfModel(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { role, type } = item as { role?: string; type?: string };
  return role === 'assistant' || type === 'function_call' || type === 'custom_tool_call' || type === 'reasoning';
}
