import tseslint from 'typescript-eslint';

/** The arrows of ARCHITECTURE.md: what may a folder import of the others? `types` names folders for types only. */
const arrows = {
  contract: { may: [] },
  host: { may: ['contract'] },
  workflows: { may: ['contract'], types: ['activities'] },
  agents: { may: ['contract', 'host'], types: ['config'] },
  activities: { may: ['contract', 'agents', 'host'], types: ['config'] },
  client: { may: ['contract', 'config'] },
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
  const group = (names) => names.flatMap((name) => [`**/../${name}/**`, `../${name}/**`, `../${name}.js`, `../../${name}/**`, `../../${name}.js`]);
  const patterns = [
    { group: group(barred.filter((name) => !types.includes(name))), message: `${folder} may import only: ${may.join(', ') || 'itself'}.` },
    { group: ['**/workers/**'], message: 'Nothing imports the worker: it is where everything meets.' },
  ];
  if (types.length) patterns.push({ group: group(types), allowTypeImports: true, message: `${folder} may import types only from: ${types.join(', ')}.` });
  if (packages[folder]) patterns.push({ group: packages[folder], message: `${folder} must not know this package.` });
  return { files: [`src/${folder}/**/*.ts`], rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.js'] } } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'max-lines': ['error', { max: 300 }],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  { files: ['test/**', 'bench/**', 'examples/**'], rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  ...arrowRules,
);
