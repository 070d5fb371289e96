import { describe, expect, onTestFinished, test } from 'vitest';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { configOf, describeFallBack, workerOf } from './fall-back.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { openIn } from './usage-limits.js';

describeFallBack('opencode', openCodeUnderTest);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeFallBack('claude-code', claudeUnderTest));
describe.skipIf(codexProgram() === undefined)('Codex', () => describeFallBack('codex', codexUnderTest));

test('OpenCode: a model that is not in its list any more is gone, too', async () => {
  const under = await openCodeUnderTest();
  const agent = under.create();
  onTestFinished(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });
  const turnOf = workerOf('opencode', agent, await configOf(under, 'opencode', { fallbackModels: [under.otherModel] }));
  const session = await openIn(agent, under);
  const prompt = 'Who answers? [[say: Me.]]';
  expect(await turnOf({ ...session, model: 'scripted/retired' }, prompt)).toMatchObject({
    ...{ status: 'completed', reply: 'Me.', model: under.otherModel },
    fell_back_from: 'scripted/retired',
  });
  expect(await under.promptsIn(session)).toEqual([prompt]);
});
