/** Output that cannot be written: a full disk (/dev/full), a reader that has gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { quoted } from '../../src/cli/terminal/words.js';
import { CONTINUITY } from './cli-command.js';

const dir = mkdtempSync(join(tmpdir(), 'continuity-streams-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const env = { PATH: process.env.PATH ?? '', HOME: dir, CONTINUITY_DATA_DIR: join(dir, 'data') };
const program = `${quoted(process.execPath)} ${quoted(CONTINUITY)}`;
/** Its own exit code comes last on stdout of the shell, whatever it is piped into. */
const shell = async (line: string, input = '') => {
  const { stdout, stderr } = await execa('bash', ['-c', line], {
    env,
    extendEnv: false,
    cwd: dir,
    reject: false,
    input,
  });
  return { code: Number(stdout.split('\n').at(-1)), stderr };
};

describe.runIf(process.platform === 'linux')('output on a full disk', () => {
  test.each(['--help', '--version --json', 'worker --help'])(
    'stdout: continuity %s says that its answer is lost, and does not end with 0',
    async (words) => {
      const { code, stderr } = await shell(`${program} ${words} >/dev/full; echo $?`);
      expect(stderr).toMatch(/^OUTPUT_LOST: .*ENOSPC.*\n/);
      expect(stderr).not.toContain('    at ');
      expect(code).toBe(7);
    },
  );

  test('stdout: a command that fails keeps its own exit code', async () => {
    const { code, stderr } = await shell(`${program} show --json --no-such-flag >/dev/full; echo $?`);
    expect(stderr).toContain('OUTPUT_LOST');
    expect(code).toBe(2);
  });

  test('stderr: the answer comes all the same, with its exit code', async () => {
    expect(
      await shell(
        `${program} --version >answer 2>/dev/full; grep -c . answer; ${program} --no-such-flag 2>/dev/full; echo $?`,
      ),
    ).toMatchObject({ code: 2 });
    expect(await shell(`${program} --version >/dev/full 2>/dev/full; echo $?`)).toMatchObject({ code: 7, stderr: '' });
  });

  test('stdout: the MCP server says so, and ends with its client', async () => {
    const hello = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const { code, stderr } = await shell(`${program} mcp >/dev/full; echo $?`, `${JSON.stringify(hello)}\n`);
    expect(stderr).toContain('OUTPUT_LOST');
    expect(code).toBe(7);
  });
});

test('a reader that has gone is no failure', async () => {
  expect(await shell(`${program} --help | (exec <&-; sleep 1); echo \${PIPESTATUS[0]}`)).toEqual({
    code: 0,
    stderr: '',
  });
});
