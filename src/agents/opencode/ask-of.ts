/** Translates what OpenCode waits for to an ask. Pure. */
import type { PermissionRequest, QuestionInfo, QuestionRequest } from '@opencode-ai/sdk/v2/client';
import type { Ask } from '../../contract/asks.js';
import { askText } from '../shared/ask-text.js';

const MOST_OPTIONS = 40;
const LABEL = 200;
const DESCRIPTION = 500;

type Input = Record<string, unknown>;

/**
 * @param input what the model gave to the tool that asks. Absent: no tool asks
 */
export function permissionAsk(request: PermissionRequest, input?: Input): Omit<Ask, 'session_id'> {
  return {
    ask_id: request.id,
    kind: 'permission',
    tool: request.permission,
    text: askText(textOf(request, input)),
    takes: ['allow', 'always', 'deny'],
  };
}

/**
 * Several questions in one request are one ask, because OpenCode takes their answers together. A
 * reply answers each in a line that begins with its number (`question-reply.ts`).
 */
export function questionAsk({ id, questions }: QuestionRequest): Omit<Ask, 'session_id'> {
  const [only, ...others] = questions;
  const base = { ask_id: id, kind: 'question' as const, takes: ['reply' as const, 'deny' as const] };
  if (!only || others.length > 0) return { ...base, text: askText(textOfAll(questions)) };
  const options = only.options.slice(0, MOST_OPTIONS).map(({ label, description }) => ({
    label: labelOf(label),
    ...(description && { description: askText(description, DESCRIPTION) }),
  }));
  const several = only.multiple ? '\n(Several options can be chosen, one in a line.)' : '';
  return { ...base, text: askText(only.question + several), ...(options.length > 0 && { options }) };
}

/** An option as a person reads it. */
export const labelOf = (label: string) => askText(label, LABEL);

function textOfAll(questions: readonly QuestionInfo[]): string {
  const lines = questions.flatMap(({ question, options, multiple }, index) => [
    `${index + 1}. ${question}`,
    ...(multiple ? ['   (Several options can be chosen, with commas.)'] : []),
    ...options.map(({ label, description }) => `   - ${label}${description ? `: ${description}` : ''}`),
  ]);
  return ['Answer each question in a line of its own, such as "1. Yes".', ...lines].join('\n');
}

/** What a person looks at first in a tool's input. */
const LEADS = ['command', 'filePath', 'url', 'query', 'pattern', 'path', 'description', 'name'];
/** The model words these anew with each try, and they change nothing. */
const REMARKS: Partial<Record<string, readonly string[]>> = { bash: ['description', 'timeout'] };

/** The same when the model asks for the same again. */
function textOf({ permission, patterns, metadata }: PermissionRequest, input: Input = metadata): string {
  const files = stringIn(metadata, 'filepath');
  switch (permission) {
    case 'doom_loop':
      return textOfLoop(stringIn(metadata, 'tool') ?? '', metadata['input']);
    case 'edit':
      return [files ?? patterns.join(', '), stringIn(metadata, 'diff')].filter(Boolean).join('\n');
    case 'external_directory':
      return [stringIn(metadata, 'command') ?? files, `outside of the working directory: ${patterns.join(', ')}`]
        .filter(Boolean)
        .join('\n');
    default:
      return textOfInput(permission, input) || patterns.join(', ');
  }
}

/** OpenCode asks while the calls run: an answer comes too late for them (1.18.33). */
function textOfLoop(tool: string, input: unknown): string {
  const of = typeof input === 'object' && input !== null ? textOfInput(tool, { ...input }) : JSON.stringify(input);
  return `${tool} is called again and again with the same input:\n${of}`;
}

function textOfInput(permission: string, input: Input): string {
  const fields = Object.entries(input).filter(([name]) => !REMARKS[permission]?.includes(name));
  const [lead] = LEADS.flatMap((name) => (stringIn(input, name) && fields.some(([one]) => one === name) ? [name] : []));
  const rest = fields.filter(([name]) => name !== lead).map(([name, value]) => `${name}: ${shown(value)}`);
  return [...(lead === undefined ? [] : [shown(input[lead])]), ...rest].join('\n');
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function stringIn(fields: Input, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
