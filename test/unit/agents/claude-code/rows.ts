/** Rows as Claude Code 2.1.331 stores them, without the fields that are not read. */
import type { Block, Row } from '../../../../src/agents/claude-code/rows.js';
import type { PromptKey } from '../../../../src/agents/driver.js';

export const KEY = 'c0171d00-0000-8000-8000-000000000001' as PromptKey;
export const LATER = 'c0171d00-0000-8000-8000-000000000002' as PromptKey;
export const NUDGE = 'c0171d01-0000-8000-8000-000000000001';

/** Links them: each follows the one before, unless it says what it follows. */
export function chained(...rows: Row[]): Row[] {
  return rows.map((row, index) => ({ parentUuid: rows[index - 1]?.uuid ?? null, ...row }));
}

export const prompt = (content: string, uuid: string = KEY, more: Partial<Row> = {}): Row => ({
  type: 'user',
  uuid,
  promptId: `prompt of ${uuid}`,
  isSidechain: false,
  message: { role: 'user', content },
  ...more,
});

export function answer(
  uuid: string,
  content: Block[],
  stop_reason: string | null = 'end_turn',
  more: Partial<Row> & { id?: string } = {},
): Row {
  const { id = `msg of ${uuid}`, ...rest } = more;
  return {
    type: 'assistant',
    uuid,
    isSidechain: false,
    message: {
      id,
      role: 'assistant',
      model: 'scripted',
      stop_reason,
      usage: { input_tokens: 10, output_tokens: 2 },
      content,
    },
    ...rest,
  };
}

export const says = (text: string): Block => ({ type: 'text', text });
export const calls = (id: string, command = 'ls'): Block => ({
  type: 'tool_use',
  id,
  name: 'Bash',
  input: { command },
});
export const result = (uuid: string, tool_use_id: string, content = 'done'): Row => ({
  type: 'user',
  uuid,
  isSidechain: false,
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id, content }] },
});
export const attachment = (uuid: string, type = 'environment'): Row => ({
  type: 'attachment',
  uuid,
  attachment: { type },
});
export const note = (uuid: string, content: string, more: Partial<Row> = { isMeta: true }): Row => ({
  type: 'user',
  uuid,
  isSidechain: false,
  message: { role: 'user', content },
  ...more,
});

export const apiError = (uuid: string, text: string, more: Partial<Row> = {}): Row => ({
  type: 'assistant',
  uuid,
  isSidechain: false,
  isApiErrorMessage: true,
  message: {
    id: uuid,
    role: 'assistant',
    model: '<synthetic>',
    stop_reason: 'stop_sequence',
    usage: { input_tokens: 0, output_tokens: 0 },
    content: [says(text)],
  },
  ...more,
});
