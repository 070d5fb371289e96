/**
 * What a request of Claude Code asks: the permission for an action, or questions. Pure. The gate
 * imports this.
 */
import type { Request } from './gate-files.js';

export interface Question {
  question: string;
  header?: string;
  options?: { label: string; description?: string }[];
  multiSelect?: boolean;
}

/** Empty when the request is for a permission. The tool has up to four questions (2.1.331). */
export function questionsIn({ tool_name, input }: Request): Question[] {
  const questions: unknown = tool_name === 'AskUserQuestion' ? input['questions'] : undefined;
  return Array.isArray(questions) && questions.every(isQuestion) ? questions : [];
}

const isQuestion = (value: unknown): value is Question =>
  typeof value === 'object' && value !== null && 'question' in value && typeof value.question === 'string';

/** The field of a tool's input that a person looks at first. */
const LEADS: Partial<Record<string, string>> = {
  Bash: 'command',
  Edit: 'file_path',
  Write: 'file_path',
  NotebookEdit: 'notebook_path',
  Read: 'file_path',
  WebFetch: 'url',
  WebSearch: 'query',
  ExitPlanMode: 'plan',
};

/** The model's remarks on an action. It words them anew with each try, and they change nothing. */
const REMARKS: Partial<Record<string, readonly string[]>> = { Bash: ['description', 'timeout'], WebFetch: ['prompt'] };

const CHANGES_A_FILE = ['Edit', 'Write', 'NotebookEdit'];

/**
 * What "always" allows: the same command, any change of the same file, or the same use of another
 * tool.
 */
export function actionOf({ tool_name, input }: Request): string {
  const file = CHANGES_A_FILE.includes(tool_name) ? input[LEADS[tool_name] ?? ''] : undefined;
  return JSON.stringify(file === undefined ? [tool_name, withoutRemarks(tool_name, input)] : ['a file', file]);
}

/** What a person reads in order to decide. It is the same when the model asks again. */
export function textOfRequest({ tool_name, input }: Request): string {
  const { [LEADS[tool_name] ?? '']: lead, ...others } = withoutRemarks(tool_name, input);
  if (typeof lead !== 'string') return JSON.stringify(input);
  return [lead, ...Object.entries(others).map(([name, value]) => `${name}: ${textOf(value)}`)].join('\n');
}

const withoutRemarks = (tool: string, input: Request['input']) =>
  Object.fromEntries(Object.entries(input).filter(([name]) => !REMARKS[tool]?.includes(name)));

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
