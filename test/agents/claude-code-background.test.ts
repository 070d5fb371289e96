/** A turn is over when its work is: the real Claude Code. */
import { describe, expect, test, vi } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { blocksOf } from '../../src/agents/claude-code/rows.js';
import { because, claudeStage, isMissing, patiently } from './claude-code-stage.js';
import { runTurn, startTurn, type RunningTurn } from './run.js';

const WAITS = 'I am waiting for the background agents.';

describe.skipIf(isMissing)(`Claude Code${because}`, () => {
  const stage = claudeStage();

  /** A call whose input has directives of its own. */
  function call(tool: string, input: object): string {
    const json = JSON.stringify(input).replaceAll('[[', '\\u005b[').replaceAll(']]', '\\u005d]');
    return `[[tool: ${tool} ${json}]]`;
  }
  /** Claude Code runs a workflow in the background. */
  const workflow = (agent: string) => {
    const meta = "export const meta = { name: 'look', description: 'looks' }";
    return call('Workflow', { script: `${meta}\nreturn await agent('${agent}', { label: 'one' })` });
  };
  const waits = (session: SessionRef) =>
    vi.waitFor(async () => {
      const rows = await stage.under.rowsIn(session);
      expect(rows.some((row) => row.type === 'assistant' && blocksOf(row).some(({ text }) => text === WAITS))).toBe(
        true,
      );
    }, patiently);
  const steps = (turn: RunningTurn) => turn.progress.flatMap(({ step }) => step ?? []);

  test('waits for a workflow in the background, and ends with the answer to its result', async () => {
    const session = await stage.open();
    const turn = startTurn(
      stage.agent,
      session,
      `Outer ${workflow('Inner [[slow: 3000]] [[say: Forty-two.]]')} [[say: ${WAITS}]]`,
    );
    await waits(session);
    const outcome = await turn.outcome;
    // The script says the same to both, so it is in the session twice, and once in the reply.
    expect(outcome).toMatchObject({ status: 'completed', reply: WAITS });
    expect(JSON.stringify(stage.under.asked().at(-1))).toContain('Forty-two.');
    expect(await stage.under.promptsIn(session)).toHaveLength(1);
    expect(steps(turn).some((step) => step.startsWith('waits for a background agent'))).toBe(true);
  });

  test('that is killed while its workflow works goes on, and is told that the workflow was stopped', async () => {
    const session = await stage.open();
    const prompt = `Outer ${workflow('Inner [[slow: 30000]]')} [[say: ${WAITS}]]`;
    const turn = startTurn(stage.agent, session, prompt);
    await waits(session);
    await stage.under.kill();
    const outcome = await turn.outcome;
    expect(outcome).toMatchObject({ status: 'completed', recovered: 'continued' });
    expect(await stage.under.promptsIn(session)).toEqual([prompt]);
    expect(JSON.stringify(stage.under.asked().at(-1))).toContain('<status>stopped</status>');
  });

  test('runs a sub-agent in the foreground, also if the model wants it in the background', async () => {
    const session = await stage.open();
    const prompt = 'Inner [[slow: 2000]] [[say: Forty-two.]]';
    const input = { description: 'a task', prompt, subagent_type: 'general-purpose', run_in_background: true };
    expect(await runTurn(stage.agent, session, `Outer ${call('Agent', input)} [[say: It answered.]]`)).toMatchObject({
      status: 'completed',
      reply: 'It answered.',
    });
    const results = (await stage.under.rowsIn(session)).flatMap(blocksOf).filter(({ type }) => type === 'tool_result');
    expect(JSON.stringify(results)).toContain('Forty-two.');
  });

  test('offers the model no command in the background', async () => {
    await runTurn(stage.agent, await stage.open(), 'What is there? [[say: This.]]');
    const { tools } = JSON.parse(stage.under.asked().at(-1)?.body ?? '{}') as {
      tools: { name: string; input_schema: { properties: object } }[];
    };
    const bash = tools.find(({ name }) => name === 'Bash');
    expect(Object.keys(bash?.input_schema.properties ?? {})).toContain('command');
    expect(Object.keys(bash?.input_schema.properties ?? {})).not.toContain('run_in_background');
  });
});
