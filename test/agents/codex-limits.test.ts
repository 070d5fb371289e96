import { join } from 'node:path';
import { describe } from 'vitest';
import { keyOf } from '../../src/agents/codex/ids.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { codexUnderTest } from './codex-under-test.js';
import { describeLongWaits, describeUnreachable, describeUsageLimits } from './usage-limits.js';

const RESET = Math.floor(Date.now() / 1000) + 3 * 60 * 60;
const HEADERS = {
  'x-codex-primary-used-percent': '100',
  'x-codex-primary-window-minutes': '300',
  'x-codex-primary-reset-at': String(RESET),
};
const BODY = { error: { type: 'usage_limit_reached', message: 'Limit', plan_type: 'plus', resets_at: RESET } };

describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () => {
    describeUsageLimits('Codex', async () => ({
      ...(await codexUnderTest()),
      limit: (times) =>
        `[[status: 429 ${times}]] [[headers: ${JSON.stringify(HEADERS)}]] [[body: ${JSON.stringify(BODY)}]]`,
      reset: new Date(RESET * 1000).toISOString(),
    }));
    describeLongWaits('Codex', async () => {
      const under = await codexUnderTest();
      return { ...under, notes: join(under.dataDir, 'agents', 'codex'), key: keyOf };
    });
    describeUnreachable('Codex', codexUnderTest);
  },
);
