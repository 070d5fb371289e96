/**
 * What goes wrong around an agent, tried with the real programs: the right code, a fix in the words
 * of that agent, and nothing lost. That two people on one session wait for each other is in
 * `claude-code-crashes`, `codex` and `opencode`.
 */
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AgentError, type Agent, type SessionRef } from '../../src/agents/agent.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { rolloutOf } from '../../src/agents/codex/rollout-files.js';
import { createAgents } from '../../src/agents/kinds.js';
import type { AgentConfig, AgentKind } from '../../src/config.js';
import type { Failure } from '../../src/contract/failures.js';
import type { RecordedRequest } from '../../scripted/model.js';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { never, denying, runTurn, startTurn } from './run.js';

type Under = AgentUnderTest & { dir: string; env: Record<string, string> };

interface Tried {
  kind: AgentKind;
  make: () => Promise<Under>;
  /** Absent: it is not there. */
  config: Partial<AgentConfig> | undefined;
  /** How it says a version that is refused, and which it is. */
  refused: string;
  newer: string;
  install: string;
  /** A model that it does not have, or an answer of its provider that says so. */
  unknownModel: { model?: string; prompt: string; fix: string };
}

const claude = fetchedClaude();
const codex = codexProgram();
const AGENTS: Record<string, Tried> = {
  OpenCode: {
    kind: 'opencode',
    make: openCodeUnderTest,
    config: {},
    refused: '2.0.1',
    newer: '1.99.0',
    install: 'npm install --global opencode-ai@',
    unknownModel: { model: 'scripted/nope', prompt: 'Hello?', fix: 'opencode models' },
  },
  'Claude Code': {
    kind: 'claude-code',
    make: claudeUnderTest,
    config: claude === undefined ? undefined : { path: claude, permissionMode: 'bypassPermissions' },
    refused: '2.1.200 (Claude Code)',
    newer: '2.99.0 (Claude Code)',
    install: 'npm install --global @anthropic-ai/claude-code@',
    unknownModel: { prompt: 'Hello? [[status: 404]]', fix: '/model' },
  },
  Codex: {
    kind: 'codex',
    make: codexUnderTest,
    config: codex === undefined ? undefined : { path: codex },
    refused: 'codex-cli 0.99.0',
    newer: 'codex-cli 0.999.0',
    install: 'npm install --global @openai/codex@',
    unknownModel: { prompt: 'Hello? [[status: 404]]', fix: '/model' },
  },
};

const IDS = [
  'ses_7a1b2c3d4e5f6a7b8c9d0e1f2a',
  '0b54a1c2-7e1f-8a3b-8c4d-5e6f7a8b9c0d',
  '019c0d1e-2f3a-7b4c-8d5e-6f7a8b9c0d1e',
];

/** As it comes out of a turn that was refused: thrown, or as its outcome. */
async function refusalOf(agent: Agent, session: SessionRef, prompt: string, id?: string): Promise<Failure | undefined> {
  try {
    const { status, error } = await runTurn(agent, session, prompt, id);
    expect(status).toBe('failed');
    return error;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    expect(error.retryable).toBe(false);
    return error.failure;
  }
}

interface Stage {
  under: Under;
  agent: Agent;
  /** Another worker's agent, with another config or environment. */
  another(more?: Partial<AgentConfig>, env?: Record<string, string | undefined>, data?: string): Agent;
  open(cwd?: string): Promise<SessionRef>;
  /** A program that says this version, and could do nothing else. */
  saying(version: string): Promise<string>;
  asked(text: string): RecordedRequest[];
}

function stageOf({ kind, make, config }: Tried): Stage {
  let seeds = 0;
  const stage: Stage = {
    under: undefined as unknown as Under,
    agent: undefined as unknown as Agent,
    another(more = {}, env = {}, data = 'continuity') {
      const agents = { it: { kind, ...config, ...more } };
      const whole = { ...process.env, ...stage.under.env, ...env };
      const created = createAgents(
        { agents, dataDir: join(stage.under.dir, data) },
        { log: () => undefined, env: whole },
      );
      return created.get('it') as Agent;
    },
    async open(cwd = stage.under.cwd) {
      const { model } = stage.under;
      return { ...(await stage.agent.open({ seed: `bad ${++seeds}`, title: 'Bad', cwd, model }, never)), cwd, model };
    },
    async saying(version) {
      const file = join(stage.under.dir, `program-${version.replace(/\W/g, '-')}`);
      await writeFile(file, `#!/bin/sh\n[ "$1" = --version ] && echo "${version}" && exit\nexit 9\n`, { mode: 0o700 });
      return file;
    },
    asked: (text) => stage.under.asked().filter(({ asks }) => asks.at(-1)?.includes(text)),
  };
  beforeAll(async () => {
    stage.under = await make();
    stage.agent = stage.another();
  });
  afterAll(async () => {
    await stage.agent?.close({ stop: true });
    await stage.under?.dispose();
  });
  return stage;
}

for (const [name, tried] of Object.entries(AGENTS)) {
  const why = tried.config ? '' : ' (skipped: it is not there; run: npm run agents:fetch)';
  describe.skipIf(!tried.config)(`${name}${why}:`, () => {
    const stage = stageOf(tried);

    test('a program that is not there is named with the command that installs it, and its session goes on later', async () => {
      const session = await stage.open();
      // A data directory of its own: a server that runs is used, whatever became of its program.
      const missing = stage.another({ path: '/not/there/program' }, {}, 'without a program');
      const notFound = { code: 'AGENT_NOT_FOUND', fix: expect.stringContaining(tried.install) };
      const opening = missing.open({ seed: 'missing', title: 'x', cwd: stage.under.cwd }, never);
      await expect(opening).rejects.toMatchObject({ retryable: false, failure: notFound });
      expect(await missing.describe()).toMatchObject({ problem: notFound, install: expect.stringContaining('npm') });
      expect(await runTurn(stage.agent, session, 'Later [[say: Here.]]')).toMatchObject({ reply: 'Here.' });
    });

    test('a version that is refused is named with the one to install, and nothing is put in', async () => {
      const session = await stage.open();
      await runTurn(stage.agent, session, 'Begin [[say: Begun.]]'); // Now it is in the agent's own store.
      const path = await stage.saying(tried.refused);
      const unsupported = { code: 'AGENT_UNSUPPORTED', fix: expect.stringContaining(tried.install) };
      const agent = stage.another({ path }, {}, 'refused');
      expect(await agent.describe()).toMatchObject({
        problem: unsupported,
        support: expect.stringContaining('not supported'),
      });
      const opening = agent.open({ seed: 'refused', title: 'x', cwd: stage.under.cwd }, never);
      await expect(opening).rejects.toMatchObject({ retryable: false, failure: unsupported });
      expect(await refusalOf(agent, session, 'Refused')).toMatchObject(unsupported);
      expect(stage.asked('Refused')).toEqual([]);
      expect(await runTurn(stage.agent, session, 'Still whole? [[say: Yes.]]')).toMatchObject({ reply: 'Yes.' });
    });

    test('a version that is newer than what was tried is a note', async () => {
      const agent = stage.another({ path: await stage.saying(tried.newer) }, {}, 'newer');
      expect(await agent.describe()).toMatchObject({
        support: expect.stringContaining('newer than what was tried'),
        note: expect.stringContaining('newer'),
      });
    });

    test('the session id of another agent is lost here, and no session takes its place', async () => {
      const session = await stage.open();
      for (const session_id of IDS as SessionRef['session_id'][]) {
        const refused = await refusalOf(stage.agent, { ...session, session_id }, 'Are you mine?');
        expect(refused).toMatchObject({ code: 'SESSION_LOST', message: expect.stringContaining(session_id) });
      }
      expect(stage.asked('Are you mine?')).toEqual([]);
    });

    test('a model that it does not have is named with where to see those it has, and the session goes on', async () => {
      const { model, prompt, fix } = tried.unknownModel;
      const session = await stage.open();
      await runTurn(stage.agent, session, 'Before [[say: Before.]]');
      const refused = await refusalOf(stage.agent, { ...session, ...(model !== undefined && { model }) }, prompt);
      expect(refused).toMatchObject({ code: 'MODEL_UNKNOWN', fix: expect.stringContaining(fix) });
      expect((await runTurn(stage.agent, session, 'After')).reply).toContain('"Before"');
    });

    test('a provider that refuses the credentials is AGENT_AUTH, and the session goes on after the login', async () => {
      const session = await stage.open();
      expect(await refusalOf(stage.agent, session, 'Who am I? [[status: 401]]')).toMatchObject({
        code: 'AGENT_AUTH',
        fix: expect.stringMatching(/log in/i),
      });
      expect((await runTurn(stage.agent, session, 'And now?')).reply).toContain('"Who am I?"');
    });

    test(
      'a session of more than 5 MiB goes on, also after its agent was killed in mid-turn',
      { timeout: 240_000 },
      async () => {
        const session = await stage.open();
        for (const part of ['One', 'Two'])
          expect(await runTurn(stage.agent, session, `${part} [[big: 2800000]]`)).toMatchObject({
            status: 'completed',
          });
        const prompt = 'Large [[bash: echo large >> large; sleep 3]] [[say: Still here.]]';
        const turn = startTurn(stage.agent, session, prompt, 'large');
        await vi.waitFor(() => stat(join(stage.under.cwd, 'large')), { timeout: 60_000, interval: 50 });
        await stage.under.kill();
        expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Still here.' });
        const prompts = await stage.under.promptsIn(session);
        expect(prompts).toEqual(['One [[big: 2800000]]', 'Two [[big: 2800000]]', prompt]);
      },
    );
  });
}

describe.skipIf(!claude)('Claude Code alone:', () => {
  const stage = stageOf(AGENTS['Claude Code'] as Tried);

  test('without a login the turn is AGENT_AUTH, doctor says so, and the prompt is answered after the login', async () => {
    const session = await stage.open();
    const out = stage.another({}, { ANTHROPIC_API_KEY: undefined });
    const auth = { code: 'AGENT_AUTH', fix: expect.stringContaining('/login') };
    expect(await out.describe()).toMatchObject({ credentials: 'none found', problem: auth });
    expect(await refusalOf(out, session, 'Logged out?')).toMatchObject(auth);
    expect((await runTurn(stage.agent, session, 'Logged in?')).reply).toContain('"Logged in?"');
  });

  test.skipIf(process.getuid?.() !== 0)(
    'root may not bypass permissions: refused before anything starts, with what to do',
    async () => {
      const session = await stage.open();
      const root = stage.another({}, { IS_SANDBOX: undefined });
      const refused = {
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('bypassPermissions'),
        fix: expect.stringContaining('IS_SANDBOX=1'),
      };
      const opening = root.open({ seed: 'root', title: 'x', cwd: stage.under.cwd }, never);
      await expect(opening).rejects.toMatchObject({ failure: refused });
      expect(await refusalOf(root, session, 'As root', 'root')).toMatchObject(refused);
      expect(await root.describe()).toMatchObject({ problem: refused });
      const careful = stage.another({ permissionMode: 'acceptEdits' }, { IS_SANDBOX: undefined });
      expect(await runTurn(careful, session, 'Carefully [[say: Yes.]]')).toMatchObject({ reply: 'Yes.' });
    },
  );

  test('a session whose directory has moved is not called lost: the fix names the move, and then it goes on', async () => {
    const [before, after] = [join(stage.under.dir, 'before'), join(stage.under.dir, 'after')];
    await mkdir(before);
    const session = await stage.open(before);
    await runTurn(stage.agent, session, 'First [[say: One.]]');
    const from = await sessionFileOf(join(stage.under.dir, 'claude', 'projects'), session);
    await rename(before, after);
    await symlink(after, before);
    const to = await sessionFileOf(join(stage.under.dir, 'claude', 'projects'), session);
    expect(await refusalOf(stage.agent, session, 'Moved?')).toMatchObject({
      code: 'CWD_MISSING',
      message: expect.stringContaining(from),
      fix: expect.stringContaining(`mv ${from} ${to}`),
    });
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
    expect((await runTurn(stage.agent, session, 'Second')).reply).toContain('"First"');
  });

  test("a hook of the person's own that refuses a prompt ends the turn with what the hook says", async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'Begin [[say: Begun.]]');
    const settings = join(stage.under.dir, 'claude', 'settings.json');
    const command = `grep -q Forbidden && { echo 'Not on a Sunday' >&2; exit 2; } || exit 0`;
    await writeFile(
      settings,
      JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command }] }] } }),
    );
    const refused = await refusalOf(stage.agent, session, 'Forbidden');
    await rm(settings);
    expect(refused).toMatchObject({ message: expect.stringContaining('Not on a Sunday') });
    expect(stage.asked('Forbidden')).toEqual([]);
    expect(await runTurn(stage.agent, session, 'And now? [[say: Fine.]]')).toMatchObject({ reply: 'Fine.' });
  });

  test("the person's own settings, hooks, permissions and the project's CLAUDE.md apply, unless config says otherwise", async () => {
    const settings = join(stage.under.dir, 'claude', 'settings.json');
    const notes = join(stage.under.dir, 'hooks');
    const hook = (event: string) => [{ hooks: [{ type: 'command', command: `echo ${event} >> ${notes}` }] }];
    const hooks = Object.fromEntries(
      ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd'].map((event) => [
        event,
        hook(event),
      ]),
    );
    await writeFile(settings, JSON.stringify({ hooks, permissions: { allow: ['Bash(touch allowed)'] } }));
    await writeFile(join(stage.under.cwd, 'CLAUDE.md'), 'Here we speak of octopuses.');
    const careful = stage.another({ permissionMode: 'manual' });
    const prompt = 'May I? [[bash: touch allowed]] [[bash: touch forbidden]] [[say: One of them.]]';
    const session = await stage.open();
    expect(await runTurn(careful, session, prompt, undefined, denying)).toMatchObject({
      status: 'completed',
      reply: 'One of them.',
    });
    expect((await runTurn(careful, session, 'Then')).reply).toContain('"May I?"');
    expect((await stat(join(stage.under.cwd, 'allowed'))).isFile()).toBe(true);
    await expect(stat(join(stage.under.cwd, 'forbidden'))).rejects.toMatchObject({ code: 'ENOENT' });
    const heard = (await readFile(notes, 'utf8')).split('\n');
    for (const event of ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop'])
      expect(heard).toContain(event);
    const none = stage.another({ permissionMode: 'manual', settingSources: [] });
    await rm(notes);
    await rm(join(stage.under.cwd, 'allowed'));
    await runTurn(none, await stage.open(), prompt.replace('May I?', 'Bare?'), undefined, denying);
    await expect(stat(notes)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(join(stage.under.cwd, 'allowed'))).rejects.toMatchObject({ code: 'ENOENT' });
    await rm(settings);
    await rm(join(stage.under.cwd, 'CLAUDE.md'));
  });
});

describe.skipIf(!codex)('Codex alone:', () => {
  const stage = stageOf(AGENTS.Codex as Tried);

  test('a rollout that was deleted is a lost session, and no other takes its place', async () => {
    const session = await stage.open();
    await runTurn(stage.agent, session, 'First [[say: One.]]');
    const rollout = await rolloutOf(stage.under.env['CODEX_HOME'] ?? '', session.session_id);
    await rm(rollout ?? '');
    expect(await refusalOf(stage.agent, session, 'Gone?')).toMatchObject({ code: 'SESSION_LOST' });
    expect(stage.asked('Gone?')).toEqual([]);
  });

  test('without the key that its provider needs the turn is AGENT_AUTH, and doctor says so', async () => {
    const home = join(stage.under.dir, 'logged-out');
    const env = await isolatedCodex(home, 'http://127.0.0.1:9/v1');
    const file = join(env['CODEX_HOME'] ?? '', 'config.toml');
    const config = (await readFile(file, 'utf8')).replace('wire_api', 'env_key = "SCRIPTED_KEY"\nwire_api');
    await writeFile(file, config);
    const out = stage.another({}, { ...env, SCRIPTED_KEY: undefined }, 'out');
    const auth = { code: 'AGENT_AUTH', fix: expect.stringContaining('SCRIPTED_KEY') };
    expect(await out.describe()).toMatchObject({ problem: auth });
    const { cwd, model } = stage.under;
    const opened = await out.open({ seed: 'out', title: 'x', cwd, model }, never);
    expect(await refusalOf(out, { ...opened, cwd, model }, 'Logged out?')).toMatchObject(auth);
    await out.close({ stop: true });
  });
});
