import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SUPPORTED, verdictOn } from '../../../src/host/supported-versions.js';
import { TEMPORAL_VERSION } from '../../../src/stack/temporal-binary.js';

test.each([
  ['1.18.33', 'fine'],
  ['1.18.99', 'fine'],
  ['1.19.0', 'newer'],
  ['1.9.40', 'older'],
  ['2.0.0', 'refused'],
  ['10.0.0', 'refused'],
  ['0.0.0-next-16621', 'unknown'],
  ['local', 'unknown'],
])('OpenCode %s is %s', (version, verdict) => {
  expect(verdictOn(SUPPORTED.opencode, version)).toBe(verdict);
});

test('the table agrees with what is installed, fetched and demanded', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
    devDependencies: Record<string, string>;
  };
  expect(manifest.engines.node).toBe(`>=${SUPPORTED.node.oldest}`);
  expect(SUPPORTED.opencode.tried).toContain(manifest.devDependencies['opencode-ai']);
  expect(SUPPORTED.opencode.mend).toContain(`opencode-ai@${manifest.devDependencies['opencode-ai']}`);
  expect(SUPPORTED.temporalProgram.tried).toContain(TEMPORAL_VERSION);
});
