import { beforeEach, describe, expect, test } from 'vitest';
import type { AgentSignal, PromptKey } from '../../../../src/agents/driver.js';
import type { OpenCodeEvent } from '../../../../src/agents/opencode/events.js';
import { Following } from '../../../../src/agents/opencode/progress.js';
import type { StoredAnswer } from '../../../../src/agents/opencode/turn-state.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { answer, tool } from './messages.js';

describe('A turn that is followed', () => {
  let signals: AgentSignal[];
  let following: Following;
  beforeEach(() => {
    signals = [];
    following = new Following('ses_root' as SessionId, 'msg_1' as PromptKey, (signal) => signals.push(signal));
  });

  const asked = (id: string, sessionID = 'ses_root'): OpenCodeEvent => ({
    id: `evt_${id}`,
    type: 'permission.asked',
    properties: { id, sessionID, permission: 'bash', patterns: [id], metadata: {}, always: [] },
  });
  const replied = (requestID: string): OpenCodeEvent => ({
    id: `evt_r${requestID}`,
    type: 'permission.replied',
    properties: { sessionID: 'ses_root', requestID, reply: 'once' },
  });
  const blocked = () => signals.flatMap((signal) => (signal.type === 'blocked' ? [signal.on] : []));

  test('is blocked until the last of its asks is answered', () => {
    for (const event of [asked('one'), asked('two'), replied('one'), replied('two')]) following.event(event);
    const [one, two] = ['one', 'two'].map((id) => `waits for permission: bash ${id}`);
    expect(blocked()).toEqual([one, one, two, undefined]);
  });

  test('is no longer blocked once another server answers', () => {
    const connected: OpenCodeEvent = { id: 'evt_c', type: 'server.connected', properties: {} };
    following.event(connected);
    expect(blocked()).toEqual([]);
    following.event(asked('one'));
    following.event(connected);
    expect(blocked()).toEqual(['waits for permission: bash one', undefined]);
  });

  test('is blocked by a sub-agent that was started before it was followed, and by no other session', () => {
    const task = { ...tool('running'), tool: 'task' };
    if (task.type === 'tool' && task.state.status === 'running') task.state.metadata = { sessionId: 'ses_child' };
    following.begin([answer('msg_1', {}, task) as StoredAnswer]);
    following.event(asked('one', 'ses_child'));
    following.event(asked('two', 'ses_other'));
    expect(blocked()).toEqual(['a sub-agent waits for permission: bash one']);
  });

  test('works while a tool prints, the model reasons or a sub-agent that was found at work writes', () => {
    const delta = (sessionID: string): OpenCodeEvent => ({
      id: 'evt_d',
      type: 'message.part.delta',
      properties: { sessionID, messageID: 'msg_2', partID: 'prt_1', field: 'text', delta: 'x' },
    });
    following.event(delta('ses_root'));
    following.event(delta('ses_child'));
    expect(signals).toEqual([{ type: 'worked' }]);
    following.knows(['ses_child']);
    following.event(delta('ses_child'));
    expect(signals).toEqual([{ type: 'worked' }, { type: 'worked' }]);
  });
});
