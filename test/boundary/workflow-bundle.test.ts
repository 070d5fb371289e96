/** The arrows, proved: what a workflow worker carries, and what lint lets through. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the workflow bundle holds contract and workflows, and nothing else of ours', async () => {
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${root}src/workflows/index.ts`,
    logger: new DefaultLogger('ERROR'),
  });
  const modules = [...code.matchAll(/"(\.\/[\w@./-]+\.(?:ts|js|mjs|cjs))"/g)].map(([, path]) => path ?? '');
  const ours = new Set(modules.filter((path) => path.startsWith('./src/')).map((path) => path.split('/')[2]));
  expect([...ours].sort()).toEqual(['contract', 'workflows']);
  expect(
    modules
      .filter((path) => path.includes('node_modules'))
      .filter(
        (path) => !/node_modules\/(@temporalio|long|ms|nexus-rpc|heap-js|webpack|@protobufjs|protobufjs)/.test(path),
      ),
  ).toEqual([]);
  expect(code).not.toContain('ZodError');
});

describe('lint refuses an import against the arrows:', () => {
  test.each([
    ['src/contract/x.ts', "import '../client/session-manager.js';"],
    ['src/contract/x.ts', "import 'node:fs';"],
    ['src/workflows/x.ts', "import { createActivities } from '../activities/index.js'; createActivities;"],
    ['src/workflows/x.ts', "import 'zod';"],
    ['src/agents/x.ts', "import '@temporalio/client';"],
    ['src/agents/opencode/x.ts', "import '../../client/connect.js';"],
    ['src/client/x.ts', "import '../workflows/turn.js';"],
    ['src/cli/commands/x.ts', "import '../../agents/kinds.js';"],
    ['src/mcp/x.ts', "import '../config.js';"],
    ['src/mcp/x.ts', "import '@temporalio/client';"],
    ['src/client/x.ts', "import '../../workers/compose.js';"],
  ])('%s: %s', async (filePath, text) => {
    const eslint = new ESLint({
      cwd: root,
      overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
      ruleFilter: ({ ruleId }) => ruleId === '@typescript-eslint/no-restricted-imports',
    });
    const [result] = await eslint.lintText(text, { filePath: `${root}${filePath}` });
    expect(result?.messages.map(({ ruleId }) => ruleId)).toEqual(['@typescript-eslint/no-restricted-imports']);
  });
});
