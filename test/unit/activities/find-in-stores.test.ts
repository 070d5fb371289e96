/** Which agent a session is taken over from. */
import { describe, expect, test } from 'vitest';
import { findInStores } from '../../../src/activities/find-in-stores.js';
import { AgentError, type Agent } from '../../../src/agents/agent.js';
import type { Config } from '../../../src/config.js';
import { failure, type FailureCode } from '../../../src/contract/failures.js';
import type { SessionId } from '../../../src/contract/ids.js';

type Has = 'has it' | 'has it not' | 'cannot tell' | 'breaks' | FailureCode;

const session_id = 'ses_1' as SessionId;

function agentThat(has: Has): Agent {
  const find = () =>
    has === 'has it' || has === 'has it not'
      ? Promise.resolve(has === 'has it' ? { session_id, cwd: '/p', store: '/s', updated_at: '' } : undefined)
      : Promise.reject(
          has === 'breaks'
            ? new Error('EACCES: permission denied')
            : new AgentError(failure(has as FailureCode, `It fails as ${has}.`), false),
        );
  return { ...(has !== 'cannot tell' && { find }) } as unknown as Agent;
}

function find(agents: Record<string, Has>, agent?: string) {
  const all = new Map(Object.entries(agents).map(([name, has]) => [name, agentThat(has)]));
  const config = { defaultAgent: 'opencode' } as Config;
  return findInStores({ session_id, ...(agent !== undefined && { agent }) }, { agents: all, config, host: 'h' });
}

describe('a session is taken over', () => {
  test('from the agent that has it', async () => {
    expect(await find({ opencode: 'has it not', codex: 'has it', acp: 'cannot tell' })).toMatchObject({
      agent: 'codex',
    });
  });

  test('under the name that is asked for, else that of the default agent, else the first', async () => {
    const both: Record<string, Has> = { plan: 'has it', opencode: 'has it' };
    expect(await find(both, 'plan')).toMatchObject({ agent: 'plan' });
    expect(await find(both)).toMatchObject({ agent: 'opencode' });
    expect(await find({ one: 'has it', two: 'has it' })).toMatchObject({ agent: 'one' });
  });

  test('from the agent that has it, also when another one was asked for: the topic refuses that', async () => {
    expect(await find({ opencode: 'has it not', codex: 'has it' }, 'opencode')).toMatchObject({ agent: 'codex' });
  });

  test('although another agent cannot look', async () => {
    expect(await find({ opencode: 'AGENT_CRASHED', codex: 'has it' })).toMatchObject({ agent: 'codex' });
    expect(await find({ opencode: 'breaks', codex: 'has it' })).toMatchObject({ agent: 'codex' });
  });
});

describe('a session that no agent has', () => {
  test('is unknown, and the refusal says who was asked', async () => {
    await expect(find({ opencode: 'AGENT_NOT_FOUND', codex: 'has it not' })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
      message: expect.stringContaining('opencode, codex') as string,
    });
  });

  test('is not called unknown while an agent could not look', async () => {
    await expect(find({ opencode: 'AGENT_CRASHED', codex: 'has it not' })).rejects.toMatchObject({
      code: 'AGENT_CRASHED',
    });
    await expect(find({ opencode: 'breaks', codex: 'has it not' })).rejects.toThrow('EACCES');
    await expect(find({ opencode: 'AGENT_NOT_FOUND' }, 'opencode')).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' });
  });

  test('is refused with the names there are, where an agent is asked for that is not known', async () => {
    await expect(find({ opencode: 'has it' }, 'gemini')).rejects.toMatchObject({ code: 'AGENT_UNKNOWN' });
  });
});
