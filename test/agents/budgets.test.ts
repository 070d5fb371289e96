import { describe } from 'vitest';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { describeBudgets } from './budgets.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';

describeBudgets('opencode', openCodeUnderTest);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeBudgets('claude-code', claudeUnderTest));
describe.skipIf(codexProgram() === undefined)('Codex', () => describeBudgets('codex', codexUnderTest));
