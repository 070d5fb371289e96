import tseslint from 'typescript-eslint';

/**
 * The arrows of ARCHITECTURE.md: what may a folder import of the others? `types` names folders for
 * types only.
 */
const arrows = {
  contract: { may: [] },
  host: { may: ['contract'] },
  workflows: { may: ['contract'], types: ['activities'] },
  agents: { may: ['contract', 'host'], types: ['config'] },
  activities: { may: ['contract', 'agents', 'host'], types: ['config'] },
  client: { may: ['contract', 'config', 'stack'] },
  mcp: { may: ['client', 'contract'] },
  cli: { may: ['client', 'contract', 'config', 'host', 'stack', 'mcp'] },
  stack: { may: ['contract', 'config', 'host'] },
  config: { may: ['contract', 'host'] },
};
const folders = [...Object.keys(arrows), 'index'];
const packages = {
  contract: ['node:*', '@temporalio/!(workflow|common)', 'zod'],
  workflows: ['node:*', '@temporalio/!(workflow|common)', 'zod'],
  agents: ['@temporalio/*'],
  host: ['@temporalio/*'],
  mcp: ['@temporalio/*'],
};

const arrowRules = Object.entries(arrows).map(([folder, { may, types = [] }]) => {
  const barred = folders.filter((other) => other !== folder && !may.includes(other));
  const group = (names) =>
    names.flatMap((name) => [
      `**/../${name}/**`,
      `../${name}/**`,
      `../${name}.js`,
      `../../${name}/**`,
      `../../${name}.js`,
    ]);
  const patterns = [
    {
      group: group(barred.filter((name) => !types.includes(name))),
      message: `${folder} may import only: ${may.join(', ') || 'itself'}.`,
    },
    { group: ['**/workers/**'], message: 'Nothing imports the worker: it is where everything meets.' },
  ];
  if (types.length)
    patterns.push({
      group: group(types),
      allowTypeImports: true,
      message: `${folder} may import types only from: ${types.join(', ')}.`,
    });
  if (packages[folder]) patterns.push({ group: packages[folder], message: `${folder} must not know this package.` });
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
});

/** A driver says how, the protocol says when: neither imports the other, and no driver another. */
const drivers = ['opencode', 'claude-code', 'codex', 'acp'];
const driverRules = [...drivers, 'turn', 'shared'].map((folder) => {
  const others = [...drivers, ...(folder === 'turn' ? [] : ['turn'])].filter((other) => other !== folder);
  return {
    files: [`src/agents/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: others.map((other) => `../${other}/**`),
              message: `agents/${folder} may not import: ${others.join(', ')}.`,
            },
          ],
        },
      ],
    },
  };
});

/** A user can copy an example: it needs nothing of the tests. What both play with is in `scripted`. */
const exampleRules = ['examples', 'scripted'].map((folder) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ group: ['**/../test/**', '../test/**'], message: `${folder} may not import the tests.` }] },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.js'] } } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-lines': ['error', { max: 300 }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='any'] CallExpression[callee.property.name='timeout']",
          message: 'The garbage collector may take such a timeout. Use `deadline` of src/host.',
        },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: ['test/**', 'scripted/**', 'bench/**', 'examples/**'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  {
    files: ['src/**', 'workers/**'],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }] },
  },
  // A test file is a list of claims, each of which stands for itself.
  { files: ['test/**'], rules: { 'max-lines': ['error', { max: 450 }] } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  ...arrowRules,
  ...driverRules,
  ...exampleRules,
);
