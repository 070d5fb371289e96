import { describe } from 'vitest';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { acpUnderTest } from './acp-under-test.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { describeShortTrouble } from './short-trouble.js';

const tells = { overloaded: true, cut: true };
const beginsAnew = true;

describeShortTrouble('OpenCode', openCodeUnderTest, {
  overloaded: 503,
  times: 2,
  cuts: 1,
  saysWhen: true,
  tells,
  beginsAnew,
});
describe.skipIf(isMissing)(`Claude Code${because}`, () =>
  describeShortTrouble('Claude Code', claudeUnderTest, {
    overloaded: 529,
    times: 2,
    cuts: 1,
    saysWhen: true,
    tells,
    beginsAnew,
  }),
);
describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () =>
    describeShortTrouble('Codex', codexUnderTest, {
      overloaded: 503,
      times: 6, // It repeats a request up to four times, within seconds, and does not tell.
      cuts: 4, // It waits for 0.2 s after the first, and twice as long after each other.
      saysWhen: false,
      tells,
      beginsAnew,
    }),
);
// ACP has no place for it.
const nothing = { overloaded: false, cut: false };
describeShortTrouble('ACP (opencode acp)', acpUnderTest, {
  overloaded: 503,
  times: 2,
  cuts: 1,
  saysWhen: false,
  tells: nothing,
  beginsAnew: false,
});
