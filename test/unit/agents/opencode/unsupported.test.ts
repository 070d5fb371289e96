/**
 * An OpenCode that must not be let near the store. The programs are fakes that run: they would
 * leave a file if they were started on it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOpenCode } from '../../../support/opencode-agent.js';
import type { Agent, SessionRef } from '../../../../src/agents/agent.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';
import { endProcess, identityOf } from '../../../../src/host/process-identity.js';

let dir: string;
let env: Record<string, string>;
const services: number[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-unsupported-'));
  env = { PATH: process.env.PATH ?? '', HOME: dir };
});
afterEach(async () => {
  for (const pid of services.splice(0)) {
    const known = await identityOf(pid);
    if (known) await endProcess(known, 'SIGKILL', 1000);
  }
  await rm(dir, { recursive: true, force: true });
});

/** Each call of it is a line of `asked`; all but `--version` leave `touched`. */
async function openCode(version: string): Promise<string> {
  const file = join(dir, 'opencode');
  await writeFile(
    file,
    `#!/bin/sh\necho "$@" >> ${dir}/asked\ncase "$1" in --version) echo ${version};; *) touch ${dir}/touched; exit 1;; esac\n`,
  );
  await chmod(file, 0o755);
  return file;
}

const agentWith = (path: string): Agent =>
  createOpenCode({
    name: 'opencode',
    config: { kind: 'opencode', path },
    dataDir: join(dir, 'continuity'),
    env,
    log: () => undefined,
  });
const session = (agentStore: string): SessionRef => ({
  session_id: 'ses_known' as SessionId,
  cwd: dir,
  store: agentStore,
});
const store = () => join(dir, '.local', 'share', 'opencode', 'opencode.db');
const open = (agent: Agent) => agent.open({ seed: 'seed', title: 'title', cwd: dir }, AbortSignal.timeout(30_000));
async function turn(agent: Agent): Promise<void> {
  const request = { session: session(store()), prompt_id: 'p' as PromptId, prompt: 'Hello' };
  await agent.turn(request, AbortSignal.timeout(30_000))[Symbol.asyncIterator]().next();
}

describe('OpenCode 2.x', () => {
  test.each(['2.0.1', 'v2.1.0', '3.0.0', '0.0.0-next-16621', 'local'])(
    '%s is refused by name for a session, a turn, a transcript and a terminal, and is not started',
    async (version) => {
      const agent = agentWith(await openCode(version));
      const refused = {
        retryable: false,
        failure: {
          code: 'AGENT_UNSUPPORTED',
          message: expect.stringMatching(
            /migrates .*irreversibly.*resumes turns by itself.*tried: 1\.18\.33/,
          ) as string,
        },
      };
      await expect(open(agent)).rejects.toMatchObject(refused);
      await expect(turn(agent)).rejects.toMatchObject(refused);
      await expect(agent.transcript(session(store()))).rejects.toMatchObject(refused);
      await expect(agent.interface(session(store()))).rejects.toMatchObject(refused);
      expect(await agent.describe()).toMatchObject({
        problem: { code: 'AGENT_UNSUPPORTED', fix: expect.stringContaining('opencode-ai@1.18.33') as string },
      });
      expect(existsSync(join(dir, 'touched'))).toBe(false);
    },
  );

  test('the version is asked once for a program, and again once it was replaced', async () => {
    const path = await openCode('2.0.1');
    const asked = async () => (await readFile(join(dir, 'asked'), 'utf8')).trim().split('\n').length;
    await expect(open(agentWith(path))).rejects.toThrow('2.0.1');
    await expect(open(agentWith(path))).rejects.toThrow('2.0.1');
    expect(await asked()).toBe(1);
    await openCode('2.0.2');
    await utimes(path, new Date(), new Date(Date.now() - 60_000));
    await expect(open(agentWith(path))).rejects.toThrow('2.0.2');
    expect(await asked()).toBe(2);
  });
});

test('an OpenCode that is older than what is supported is a problem with the command that mends it', async () => {
  expect(await agentWith(await openCode('1.2.9')).describe()).toMatchObject({
    version: '1.2.9',
    problem: {
      code: 'AGENT_UNSUPPORTED',
      message: expect.stringContaining('too old') as string,
      fix: expect.stringMatching(/npm install .*opencode-ai@/) as string,
    },
  });
});

test('an OpenCode with a newer minor version is noted, with what was tried', async () => {
  const said = await agentWith(await openCode('1.99.0')).describe();
  expect(said).toMatchObject({ version: '1.99.0', note: expect.stringContaining('tried: 1.18.33') as string });
});

describe.runIf(process.platform === 'linux')('the background service of OpenCode 2.x', () => {
  /** A process that runs as the service does, registered as it registers. */
  async function service(serviceEnv: Record<string, string> = env, words = ['serve', '--service']): Promise<void> {
    const file = join(dir, 'idle.mjs');
    await writeFile(file, 'setInterval(() => undefined, 1e6); console.log("up");');
    const child = spawn(process.execPath, [file, ...words], { env: serviceEnv, stdio: ['ignore', 'pipe', 'inherit'] });
    services.push(child.pid ?? 0);
    await once(child.stdout, 'data');
    const folder = join(dir, '.local', 'state', 'opencode');
    await mkdir(folder, { recursive: true });
    await appendFile(
      join(folder, 'service.json'),
      JSON.stringify({ id: 'x', version: '2.0.9', url: 'http://127.0.0.1:1', pid: child.pid, password: 'p' }),
    );
  }
  const refused = {
    retryable: false,
    failure: {
      code: 'AGENT_UNSUPPORTED',
      message: expect.stringMatching(/opencode\.db is in use by .* OpenCode 2\.0\.9/) as string,
      fix: expect.stringContaining('opencode service stop') as string,
    },
  };

  test('on the same store is refused by the driver and reported to doctor, and nothing is started', async () => {
    await service();
    const agent = agentWith(await openCode('1.18.33'));
    await expect(open(agent)).rejects.toMatchObject(refused);
    await expect(turn(agent)).rejects.toMatchObject(refused);
    expect(await agent.describe()).toMatchObject({ problem: refused.failure });
    expect(existsSync(join(dir, 'touched'))).toBe(false);
  });

  test.each<[string, () => Promise<void>]>([
    ['on another store', () => service({ ...env, XDG_DATA_HOME: join(dir, 'other') })],
    ['that has ended, with another process under its pid', () => service(env, ['something', 'else'])],
  ])('%s is none of our business', async (_which, start) => {
    await start();
    expect((await agentWith(await openCode('1.18.33')).describe()).problem?.code).not.toBe('AGENT_UNSUPPORTED');
  });

  test('that has ended is none of our business', async () => {
    await service();
    const known = await identityOf(services[0] ?? 0);
    if (known) await endProcess(known, 'SIGKILL', 5000);
    expect((await agentWith(await openCode('1.18.33')).describe()).problem?.code).not.toBe('AGENT_UNSUPPORTED');
  });
});
