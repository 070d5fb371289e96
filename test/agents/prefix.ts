/** The part of a request that a provider caches, from each of the scripted model's three wires. */

export interface Prefix {
  instructions: string;
  tools: string[];
  messages: string[];
  /** With which OpenAI finds what it has cached. */
  cacheKey: string | undefined;
}

interface Body {
  system?: unknown;
  instructions?: unknown;
  tools?: unknown[];
  messages?: Message[];
  input?: unknown[];
  prompt_cache_key?: string;
}

interface Message {
  role: string;
  content: unknown;
}

export function prefixOf(body: string): Prefix {
  const sent = JSON.parse(body, withoutMarks) as Body;
  const messages = sent.messages?.map(inBlocks) ?? sent.input ?? [];
  return {
    instructions: JSON.stringify(sent.system ?? sent.instructions ?? ''),
    tools: (sent.tools ?? []).map((tool) => JSON.stringify(tool)),
    messages: messages.map((message) => JSON.stringify(message)),
    cacheKey: sent.prompt_cache_key,
  };
}

/**
 * The marks say up to where Anthropic is to cache. They move with each request and are no part of
 * what is cached.
 */
function withoutMarks(this: unknown, key: string, value: unknown): unknown {
  return key === 'cache_control' ? undefined : value;
}

/** A text and a list with this one text are the same to the provider. */
function inBlocks({ content, ...message }: Message): object {
  return { ...message, content: typeof content === 'string' ? [{ type: 'text', text: content }] : content };
}
