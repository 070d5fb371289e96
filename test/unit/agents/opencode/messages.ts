/** Messages in the shapes that OpenCode 1.18.33 was seen to store. */
import type { AssistantMessage, Part, ToolState } from '@opencode-ai/sdk/v2/client';
import type { StoredMessage } from '../../../../src/agents/opencode/turn-state.js';

const sessionID = 'ses_cty1';
let parts = 0;

export function text(words: string, more: { synthetic?: boolean } = {}): Part {
  return { id: `prt_${++parts}`, sessionID, messageID: 'm', type: 'text', text: words, ...more };
}

export function tool(status: ToolState['status'], metadata: Record<string, unknown> = {}): Part {
  const time = { start: 1, end: 2 };
  const states: Record<ToolState['status'], ToolState> = {
    pending: { status: 'pending', input: {}, raw: '' },
    running: { status: 'running', input: { command: 'npm test' }, time },
    completed: { status: 'completed', input: { command: 'npm test' }, output: 'ok', title: 'npm test', metadata, time },
    error: { status: 'error', input: { command: 'npm test' }, error: 'failed', metadata, time },
  };
  return {
    id: `prt_${++parts}`,
    sessionID,
    messageID: 'm',
    type: 'tool',
    callID: 'call',
    tool: 'bash',
    state: states[status],
  };
}

export function compaction(overflow = false): Part {
  return {
    id: `prt_${++parts}`,
    sessionID,
    messageID: 'm',
    type: 'compaction',
    auto: true,
    ...(overflow && { overflow }),
  };
}

export function user(id: string, ...content: Part[]): StoredMessage {
  return {
    info: {
      id,
      sessionID,
      role: 'user',
      time: { created: 1 },
      agent: 'build',
      model: { providerID: 'scripted', modelID: 'model' },
    },
    parts: content,
  };
}

export function answer(parentID: string, info: Partial<AssistantMessage>, ...content: Part[]): StoredMessage {
  const tokens = { input: 10, output: 5, reasoning: 1, cache: { read: 3, write: 2 } };
  const whole: AssistantMessage = {
    id: `msg_${++parts}`,
    sessionID,
    role: 'assistant',
    parentID,
    time: { created: 1, completed: 2 },
    modelID: 'model',
    providerID: 'scripted',
    mode: 'build',
    agent: 'build',
    path: { cwd: '/', root: '/' },
    cost: 0.01,
    tokens,
    ...info,
  };
  return { info: whole, parts: content };
}

/** One that was cut off: by a kill, or because it is being written. */
export function cutOff(parentID: string, ...content: Part[]): StoredMessage {
  return answer(parentID, { time: { created: 1 } }, ...content);
}
