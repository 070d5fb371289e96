import { defineConfig } from 'vitest/config';

const inCI = process.env.CI !== undefined;

/** The limits only say when a test hangs: on a busy machine a good one takes six times as long. */
const quick = { testTimeout: 30_000 };
/**
 * Two files at a time (`npm test`): much of their time they wait for a heartbeat to be missed. Each
 * has servers and directories of its own.
 */
const real = {
  expect: { poll: { timeout: 60_000 } },
  testTimeout: 240_000,
  hookTimeout: 180_000,
  // In CI, where the machine is not ours. Those that need it are named at the end.
  retry: inCI ? 1 : 0,
};

/**
 * What starts and ends whole stacks, or waits for time to pass: `npm run test:long`, so that `npm
 * test` stays short.
 */
const long = [
  ...[
    'adopting-real-sessions',
    'agents-ask',
    'acp-topics',
    'bad-weather',
    'bundled-command',
    'callers-config',
    'chaos',
    'cli-up',
    'cli-up-boot',
    'cli-up-doors',
    'closed-topics',
    'codex-topics',
    'crowds',
    'archived-sessions',
    'default-agent',
    'examples',
    'failures-on-surfaces',
    'fence',
    'forks-of-agents',
    'forks-under-attack',
    'handoff-agents',
    'healthy',
    'hostile-answers',
    'history',
    'hostile-runs',
    'in-person',
    'ledger',
    'lost-opencode-sessions',
    'lost-sessions',
    'mcp-opencode',
    'mcp-pushes',
    'notify-again',
    'notify-killed',
    'operators-parked',
    'operators-waiting',
    'package',
    'parked-crowd',
    'pick-up',
    'rolling',
    'rolling-waits',
    'silent-tools',
    'recall',
    'replies',
    'surroundings',
    'tutorial',
    'warm-agent',
    'two-builds',
    'unstick',
    'web-ui',
    'cold-resume',
    'when-warm',
    'worker-process',
    'workspaces',
    'workspaces-killed',
  ].map((name) => `test/integration/${name}.test.ts`),
  ...[
    'bad-input',
    'budgets',
    'usage',
    'compact-first',
    'opencode-compactions',
    'opencode',
    'opencode-limits',
    'opencode-asks',
    'opencode-asks-together',
    'opencode-background',
    'opencode-disk-full',
    'opencode-orphans',
    'opencode-reconcile',
    'claude-code',
    'claude-code-crashes',
    'claude-code-asks',
    'claude-code-background',
    'codex',
    'codex-asks',
    'codex-background',
    'codex-limits',
    'claude-code-limits',
    'claude-code-store',
    'corrupted',
    'full-context',
    'fall-back',
    'fork',
    'fork-killed',
    'acp',
    'acp-asks',
    'acp-misbehaving',
    'prefix',
    'prefix-releases',
    'silence',
    'short-trouble',
    'left-behind',
    'replaced-servers',
    'huge-sessions',
  ].map((name) => `test/agents/${name}.test.ts`),
];

export default defineConfig({
  test: {
    reporters: inCI ? ['default', './test/support/second-tries.ts'] : ['default'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...quick } },
      { test: { name: 'boundary', include: ['test/boundary/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'replay', include: ['test/replay/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'agents', include: ['test/agents/**/*.test.ts'], exclude: long, ...real } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], exclude: long, ...real } },
      { test: { name: 'long', include: long, ...real } },
    ],
  },
});
