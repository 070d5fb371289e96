import { describe } from 'vitest';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { describeUsage } from './usage.js';

describeUsage('OpenCode', openCodeUnderTest, { hasSubAgents: true, losesCutStep: true });
describe.skipIf(isMissing)(`Claude Code${because}`, () =>
  describeUsage('Claude Code', claudeUnderTest, { hasSubAgents: true, losesCutStep: false }),
);
// It is offered none (codex-background.test.ts).
describe.skipIf(codexProgram() === undefined)('Codex', () =>
  describeUsage('Codex', codexUnderTest, { hasSubAgents: false, losesCutStep: false }),
);
