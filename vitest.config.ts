import { defineConfig } from 'vitest/config';

const quick = { testTimeout: 10_000 };
const real = { expect: { poll: { timeout: 20_000 } }, testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...quick } },
      { test: { name: 'boundary', include: ['test/boundary/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'replay', include: ['test/replay/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'agents', include: ['test/agents/**/*.test.ts'], ...real } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...real } },
    ],
  },
});
