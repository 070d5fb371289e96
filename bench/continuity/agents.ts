/**
 * The agents of `npm run bench:continuity`, each with the API through which it asks its model. An
 * agent that knows both is measured with both: Anthropic caches only what the agent marks.
 */
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import type { ChaosAgent } from '../../test/chaos/agents/agent.js';
import { chaosAgent, whyMissing } from '../../test/chaos/agents/index.js';
import type { Wire } from './cost.js';

export interface BenchAgent {
  wire: Wire;
  agent(): ChaosAgent;
  /** Why it cannot be measured here. */
  missing(): string | undefined;
}

const MODEL = { name: 'Scripted', tool_call: true, limit: { context: 200_000, output: 8_000 } };

export const AGENTS: Record<string, BenchAgent> = {
  opencode: {
    wire: 'anthropic',
    agent: () => ({
      ...chaosAgent('opencode'),
      isolate: (dir, url) => {
        const options = { baseURL: url, apiKey: 'none' };
        const scripted = { npm: '@ai-sdk/anthropic', name: 'Scripted', options, models: { model: MODEL } };
        return isolatedOpenCode(dir, url, { provider: { scripted } });
      },
    }),
    missing: () => whyMissing('opencode'),
  },
  'claude-code': {
    wire: 'anthropic',
    agent: () => chaosAgent('claude-code'),
    missing: () => whyMissing('claude-code'),
  },
  codex: { wire: 'openai', agent: () => chaosAgent('codex'), missing: () => whyMissing('codex') },
  'opencode-openai': {
    wire: 'openai',
    agent: () => chaosAgent('opencode'),
    missing: () => whyMissing('opencode'),
  },
};
