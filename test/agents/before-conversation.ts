/**
 * What an agent sends before the conversation, as a file that can be compared and read. What we
 * wrote is there in words. What the agent's vendor wrote is there as digests.
 */
import { createHash } from 'node:crypto';
import { release, type } from 'node:os';

export interface BeforeConversation {
  settings: Record<string, unknown>;
  /** In the order in which the model gets them. */
  instructions: string[];
  tools: string[];
  /** With the first prompt, as an agent may add something after it. */
  messages: string[];
  cacheKey?: string;
}

interface Known {
  /** What we add, and the prompt. */
  ours: readonly string[];
  /** What is different on another machine, or another day, and what is written instead. */
  names: Readonly<Record<string, string>>;
}

interface Block {
  type?: string;
  text?: string;
}

interface Message {
  role?: string;
  content?: string | Block[];
}

interface Body {
  system?: string | Block[];
  instructions?: string;
  messages?: Message[];
  input?: Message[];
  tools?: { name?: string; type?: string; function?: { name: string } }[];
  prompt_cache_key?: string;
  [setting: string]: unknown;
}

/** Who asks, and from which process: no part of what a provider caches. */
const IDENTITY = ['metadata', 'client_metadata'];

/** Of the first request of a session. */
export function beforeConversation(body: string, known: Known): BeforeConversation {
  const named = JSON.parse(withoutMachine(body, known.names)) as Body;
  const { system, instructions, messages, input, tools = [], prompt_cache_key: cacheKey, ...settings } = named;
  for (const name of IDENTITY) delete settings[name];
  return {
    settings,
    instructions: piecesOf(system ?? instructions ?? [], known),
    tools: tools.map((tool) => `${tool.name ?? tool.function?.name ?? tool.type} ${digestOf(JSON.stringify(tool))}`),
    messages: (messages ?? input ?? []).flatMap((message) => inPieces(message, known)),
    ...(cacheKey !== undefined && { cacheKey }),
  };
}

function withoutMachine(body: string, names: Known['names']): string {
  const longestFirst = Object.entries(names).sort(([a], [b]) => b.length - a.length);
  return longestFirst
    .reduce((text, [value, name]) => text.replaceAll(JSON.stringify(value).slice(1, -1), name), body)
    .replaceAll(`${type()} ${release()}`, '<system>')
    .replace(/\b20\d\d-\d\d-\d\d\b/g, '<date>')
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d 20\d\d\b/g, '<date>');
}

function inPieces({ role = '', content = [] }: Message, known: Known): string[] {
  return piecesOf(content, known).map((piece) => `${role}: ${piece}`);
}

/** By paragraph, so that a difference says where it is. */
function piecesOf(text: string | Block[], { ours }: Known): string[] {
  const blocks = typeof text === 'string' ? [{ text }] : text;
  return blocks.flatMap((block) =>
    (block.text ?? JSON.stringify(block))
      .split(/\n{2,}/)
      .map((piece) => (ours.some((words) => piece.includes(words)) ? lastLines(piece, ours) : digestOf(piece))),
  );
}

/** What stands before our words in their paragraph is the vendor's. */
function lastLines(piece: string, ours: readonly string[]): string {
  const lines = piece.split('\n');
  const at = lines.findIndex((line) => ours.some((words) => line.includes(words)));
  return [...(at > 0 ? [digestOf(lines.slice(0, at).join('\n'))] : []), ...lines.slice(at)].join(' | ');
}

export const digestOf = (text: string) =>
  `${text.length} characters, ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
