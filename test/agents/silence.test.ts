/** A long test run that prints nothing is no stall. Silence of everything is. */
import { describe } from 'vitest';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { acpUnderTest } from './acp-under-test.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { describeSilence } from './silence.js';

const can = { subAgents: true, reattaches: true };

describeSilence('OpenCode', openCodeUnderTest, can);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeSilence('Claude Code', claudeUnderTest, can));
describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  // Its sub-agents are switched off.
  () => describeSilence('Codex', codexUnderTest, { subAgents: false, reattaches: true }),
);
// An ACP agent ends with its worker, and does not tell what its sub-agents do.
describeSilence('ACP (opencode acp)', acpUnderTest, { subAgents: false, reattaches: false });
