/**
 * What a request says to the model, in the order in which a provider caches it: tools, system
 * prompt, messages. Left out is what no model reads: the ids of messages, and the line in which
 * Claude Code names its version to Anthropic. Both differ from session to session.
 */
export interface Segment {
  text: string;
  tokens: number;
  /** Whether the model has written it. */
  byModel: boolean;
  /** Whether the agent asks the provider to cache up to here. Only Anthropic's API has such marks. */
  marked?: true;
}

type Item = Record<string, unknown>;

interface Body {
  tools?: Item[];
  /** Anthropic's Messages. */
  system?: string | Item[];
  /** OpenAI's Responses. */
  instructions?: string;
  input?: Item[];
  messages?: Item[];
}

/** Each text is kept and counted once, because most of a request was in the one before. */
const known = new Map<string, Segment>();

export function segmentsOf(body: string, tokensIn: (text: string) => number): Segment[] {
  return itemsOf(JSON.parse(body) as Body).map((item) => {
    const text = plain(item);
    const segment = known.get(text) ?? { text, tokens: tokensIn(text), byModel: isOfModel(item) };
    known.set(text, segment);
    return isMarked(item) ? { ...segment, marked: true } : segment;
  });
}

function itemsOf({ tools = [], system = [], instructions, input = [], messages = [] }: Body): Item[] {
  const before = [...tools, ...blocksIn(system).filter((block) => !isBilling(block))];
  const said = instructions === undefined ? [] : [{ instructions }];
  return [...before, ...said, ...messages.flatMap(inBlocks), ...input];
}

/** A text and a list with this one text are the same to a model. */
const blocksIn = (content: unknown): Item[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? (content as Item[]) : [];

/** A message of several blocks is several segments, because Anthropic caches and marks single blocks. */
function inBlocks(message: Item): Item[] {
  const blocks = blocksIn(message['content']);
  return blocks.length === 0 ? [message] : blocks.map((content) => ({ ...message, content }));
}

const isBilling = ({ text }: Item) => typeof text === 'string' && text.startsWith('x-anthropic-billing-header:');

function plain(item: Item): string {
  return JSON.stringify({ ...item, id: undefined }, (key, value: unknown) =>
    key === 'cache_control' ? undefined : value,
  );
}

const isMarked = (item: Item) =>
  'cache_control' in item || (isItem(item['content']) && 'cache_control' in item['content']);
const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null;

const isOfModel = ({ role, type }: Item) =>
  role === 'assistant' || type === 'function_call' || type === 'custom_tool_call' || type === 'reasoning';
