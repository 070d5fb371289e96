import { expect, test } from 'vitest';
import { MarksTools } from '../../../../src/agents/opencode/marks-tools.js';
import { isOurPlugin, withPlugin } from '../../../../src/agents/opencode/plugin.js';
import { SESSION_MARKER } from '../../../../src/host/process-tree.js';

const pluginsIn = (content: string | undefined) => {
  const { OPENCODE_CONFIG_CONTENT: said } = withPlugin({ OPENCODE_CONFIG_CONTENT: content });
  return said === undefined ? undefined : (JSON.parse(said) as { plugin: string[]; model?: string });
};

test('our plugin stands beside what the person has in the variable', () => {
  const ours = expect.stringMatching(/^file:.*marks-tools\.js$/) as string;
  expect(pluginsIn(undefined)).toEqual({ plugin: [ours] });
  expect(pluginsIn('{"model":"a/b","plugin":["theirs"]}')).toEqual({ model: 'a/b', plugin: ['theirs', ours] });
  expect(pluginsIn('{"plugin":["theirs"]}')?.plugin.map(isOurPlugin)).toEqual([false, true]);
  expect(pluginsIn('{"model":"a/b", // theirs\n}')).toBeUndefined();
});

test('a tool has its session in its environment', async () => {
  const env: Record<string, string> = {};
  const hooks = await MarksTools();
  await hooks['shell.env']({ sessionID: 'ses_1' }, { env });
  expect(env).toEqual({ [SESSION_MARKER]: 'ses_1' });
});
