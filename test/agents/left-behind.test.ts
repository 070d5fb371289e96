/** What is left of a turn that was cancelled. Linux only: other systems do not show another process's environment. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandOf, processesOf } from '../support/processes.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { acpUnderTest } from './acp-under-test.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { describeLeftBehind } from './left-behind.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { openIn } from './usage-limits.js';
import { workOn } from './worked-on.js';

describe.runIf(process.platform === 'linux')('What is left of a turn of', () => {
  describeLeftBehind('OpenCode', openCodeUnderTest, { subAgents: true, stay: 2 });
  describe.skipIf(isMissing)(`Claude Code${because}`, () =>
    describeLeftBehind('Claude Code', claudeUnderTest, { subAgents: true, stay: 0 }),
  );
  describe.runIf(codexProgram() !== undefined)(
    'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
    // It ends the process group of a command that is over.
    () => {
      describeLeftBehind('Codex', codexUnderTest, { subAgents: false, stay: 1, mode: 'danger-full-access' });
      test('Codex in its sandbox leaves nothing', async () => {
        const under = await codexUnderTest();
        const agent = under.create();
        onTestFinished(async () => {
          await agent.close({ stop: true });
          await under.dispose();
        });
        const session = await openIn(agent, under);
        const turn = workOn(
          agent,
          session,
          'Leave [[bash: setsid sleep 4321 > /dev/null 2>&1 & sleep 0.3]] [[say: Left.]]',
        );
        const { reply, left_behind } = await turn.ended;
        expect([reply, left_behind]).toEqual(['Left.', undefined]);
        expect(processesOf(under.dir).filter((pid) => commandOf(pid).includes('4321'))).toEqual([]);
      });
    },
  );
  describeLeftBehind('ACP (opencode acp)', acpUnderTest, { subAgents: true, stay: 0, endsWithTurn: true });
});
