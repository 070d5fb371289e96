/** A turn asks, waits for a limit or for a login: what callers see of it, and how they end the wait. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { commandInTerminal } from '../support/in-terminal.js';
import { startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
let continuity: Continuity;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
  continuity = continuityIn(surroundings);
});
afterAll(async () => {
  await world?.dispose();
});

const ASK = '[[ask: bash | rm -rf dist]]';
const QUESTION = '[[question: Which one? | red, blue]]';
const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const waitingOf = async (topic: string) => (await world.manager.view(topic).catch(() => undefined))?.running?.waiting;
const asks = (topic: string) => expect.poll(() => waitingOf(topic)).toMatchObject({ for: 'answer' });

/** A topic whose turn asks. */
async function asking(prompt = ASK, prompt_id: string = randomUUID()) {
  const topic = aTopic();
  await world.manager.submit(topic, prompt, { prompt_id });
  await asks(topic);
  return { topic, prompt_id };
}

describe('the library', () => {
  test('answers what a turn asks; the turn goes on, and its result says who answered', async () => {
    const { topic, prompt_id } = await asking();
    const waiting = await waitingOf(topic);
    const ask_id = waiting?.for === 'answer' ? waiting.ask.ask_id : '';
    expect(await world.manager.answer(topic, { decision: 'deny', text: 'use trash', ask_id })).toEqual({
      ask_id,
      decision: 'deny',
    });
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({
      status: 'completed',
      reply: 'The answers: deny: use trash',
      asks: [
        { kind: 'permission', tool: 'bash', text: 'rm -rf dist', decision: 'deny', reply: 'use trash', by: 'person' },
      ],
    });
  });

  test('tells a caller that waits when its turn asks, and when it goes on', async () => {
    const topic = aTopic();
    const heard: (string | undefined)[] = [];
    const result = await world.manager.delegate(topic, QUESTION, {
      onWaiting(waiting) {
        heard.push(waiting?.for);
        if (waiting?.for === 'answer') void world.manager.answer(topic, { decision: 'reply', text: 'blue' });
      },
    });
    expect([heard[0], result.reply]).toEqual(['answer', 'The answers: reply: blue']);
  });

  test('refuses an answer to nothing, to another ask, of the wrong kind, or to no topic', async () => {
    const { topic } = await asking();
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'taken',
        (error: { code?: string }) => error.code,
      );
    const { answer } = { answer: world.manager.answer.bind(world.manager) };
    expect(await code(answer(topic, { decision: 'allow', ask_id: 'another' }))).toBe('ASK_UNKNOWN');
    expect(await code(answer(topic, { decision: 'reply', text: 'yes' }))).toBe('INVALID_ANSWER');
    expect(await code(answer(topic, { decision: 'perhaps' as 'allow' }))).toBe('INVALID_ANSWER');
    expect(await code(answer(topic, { decision: 'allow' }))).toBe('taken');
    await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
    expect(await code(answer(topic, { decision: 'allow' }))).toBe('ASK_UNKNOWN');
    expect(await world.manager.retry(topic)).toEqual({ effect: 'nothing_waits' });
    await world.manager.close(topic);
    await expect.poll(async () => (await world.manager.view(topic)).state).toBe('closed');
    expect(await code(answer(topic, { decision: 'allow' }))).toBe('ASK_UNKNOWN');
    expect(await world.manager.retry(topic)).toEqual({ effect: 'nothing_waits' });
    expect(await code(answer(aTopic(), { decision: 'allow' }))).toBe('TOPIC_UNKNOWN');
    expect(await code(world.manager.retry(aTopic()))).toBe('TOPIC_UNKNOWN');
  });
});

describe('the command', () => {
  test('show, list --waiting and outcome say what is asked and how to answer, and answer does it', async () => {
    const { topic, prompt_id } = await asking();
    const [show, list, json, outcome] = await Promise.all([
      continuity(['show', topic]),
      continuity(['list', '--waiting']),
      continuity(['list', '--waiting', '--json']),
      continuity(['outcome', topic, prompt_id]),
    ]);
    const command = `continuity answer ${topic} --allow | --always | --deny "why"`;
    for (const { stdout } of [show, outcome]) {
      expect(stdout).toContain('The agent asks for permission to use bash:\n');
      expect(stdout).toContain('  rm -rf dist\n');
      expect(stdout).toMatch(/Without an answer it is denied in \d+ minutes \(.* UTC\), and the turn goes on\./);
      expect(stdout).toContain(`Answer: ${command}`);
    }
    expect(list.stdout).toMatch(new RegExp(`${topic} +fake +in \\d+ minutes +permission for bash: rm -rf dist`));
    expect(JSON.parse(json.stdout)).toContainEqual(
      expect.objectContaining({
        topic,
        state: 'waiting',
        waiting: expect.objectContaining({ for: 'answer' }) as object,
      }),
    );
    const answered = await continuity(['answer', topic, '--deny', 'use trash']);
    expect(answered).toMatchObject({ exitCode: 0, stdout: `What topic ${topic} asked is denied. Its turn goes on.\n` });
    const result = await continuity(['outcome', topic, prompt_id, '--wait']);
    expect(result.stdout).toBe('The answers: deny: use trash\n');
    expect(result.stderr).toContain('asked: bash: rm -rf dist → denied by a person: use trash');
    expect((await continuity(['show', topic])).stdout).toMatch(/completed, .*asked once, /);
  });

  test('answer replies to a question, as JSON, and only to the ask that --ask names', async () => {
    const { topic, prompt_id } = await asking(QUESTION);
    const waiting = await waitingOf(topic);
    const ask_id = waiting?.for === 'answer' ? waiting.ask.ask_id : '';
    const other = await continuity(['answer', topic, 'red', '--ask', 'another', '--json']);
    expect([JSON.parse(other.stdout), other.exitCode]).toMatchObject([{ error: { code: 'ASK_UNKNOWN' } }, 3]);
    const taken = await continuity(['answer', topic, 'red', '--ask', ask_id, '--json']);
    expect(JSON.parse(taken.stdout)).toEqual({ topic, ask_id, decision: 'reply' });
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ reply: 'The answers: reply: red' });
  });

  test.each([
    [['--allow', '--deny'], '--allow and --deny exclude each other'],
    [[], 'needs a decision: --allow, --always or --deny'],
    [['--allow', 'because'], '--allow takes no text'],
    [['--alow'], 'did you mean --allow?'],
  ])('answer with %j is a usage error', async (words, said) => {
    const { exitCode, stderr } = await continuity(['answer', 'any', ...words]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  test('a text for a permission, and a decision on a question, are refused with what to say instead', async () => {
    const [permission, question] = await Promise.all([asking(), asking(QUESTION)]);
    const [text, decision] = await Promise.all([
      continuity(['answer', permission.topic, 'yes please']),
      continuity(['answer', question.topic, '--allow']),
    ]);
    expect(text.stderr).toContain('INVALID_ANSWER: The permission takes "allow", "always", "deny", not "reply".\n');
    expect(text.stderr).toContain(`continuity answer ${permission.topic} --allow`);
    expect(decision.stderr).toContain('A question takes a text');
    expect([text.exitCode, decision.exitCode]).toEqual([2, 2]);
    for (const { topic } of [permission, question]) await world.manager.cancel(topic);
  });

  test.each([[], ['--json']])(
    'delegate in a pipe %j says on one line what is asked, and goes on waiting',
    async (...words) => {
      const topic = aTopic();
      const waiting = continuity(['delegate', '--topic', topic, ASK, ...words]);
      let said = '';
      waiting.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await expect.poll(() => said).toContain('permission for bash: rm -rf dist');
      const [line] = said.split('\n').filter((one) => one.includes('rm -rf dist'));
      expect(line).toContain(`Answer: continuity answer ${topic} --allow | --always | --deny "why"`);
      await continuity(['answer', topic, '--allow']);
      const { stdout, exitCode } = await waiting;
      expect(exitCode).toBe(0);
      const reply = words.length > 0 ? (JSON.parse(stdout) as TurnResult).reply : stdout.trim();
      expect(reply).toBe('The answers: allow');
    },
  );

  test('a limit of the provider is shown with its end, and retry of what does not wait says so', async () => {
    const topic = aTopic();
    await world.manager.submit(topic, '[[quota: 5]]', { prompt_id: 'p-quota' });
    await expect.poll(() => waitingOf(topic)).toMatchObject({ for: 'quota' });
    const show = await continuity(['show', topic]);
    expect(show.stdout).toContain('The provider has a limit: AGENT_RATE_LIMITED: ');
    expect(show.stdout).toContain(`Try it now: continuity retry ${topic} · end the turn: continuity cancel ${topic}`);
    expect(await world.manager.wait(topic, 'p-quota')).toMatchObject({ status: 'completed' });
    const nothing = await continuity(['retry', topic, '--json']);
    expect(JSON.parse(nothing.stdout)).toEqual({ topic, effect: 'nothing_waits' });
  });

  test.each([
    ['login', 'AGENT_AUTH'],
    ['config', 'CONFIG_INVALID'],
  ])('a queue behind a missing %s waits, and retry goes on at once after it', async (what, code) => {
    const topic = aTopic();
    const missing = join(world.dir, randomUUID());
    const gate = join(world.dir, randomUUID());
    await world.manager.submit(topic, `[[until: ${gate}]] [[${what}: ${missing}]]`);
    await world.manager.submit(topic, `[[${what}: ${missing}]] [[say: in]]`, { prompt_id: 'p-next' });
    await writeFile(gate, '');
    await expect.poll(() => waitingOf(topic)).toMatchObject({ for: 'agent', because: { code } });
    expect((await continuity(['list', '--waiting'])).stdout).toMatch(new RegExp(`${topic} .*${code}`));
    await writeFile(missing, '');
    const retried = await continuity(['retry', topic]);
    expect(retried.stdout).toBe(`Topic ${topic} tries its turn again.\n`);
    expect(await world.manager.wait(topic, 'p-next')).toMatchObject({ status: 'completed' });
  });
});

describe('at a terminal', () => {
  /** A line within 200 ms of an ask was typed before it was shown, and is ignored. Nothing else shows when that is over. */
  const shownLongEnough = () => sleep(300);
  const inTerminal = (words: string[]) =>
    commandInTerminal(words, { cwd: world.dir, env: { PATH: process.env.PATH, HOME: world.dir, ...surroundings.env } });

  test('a person answers with a key, in the command that waits', async () => {
    const topic = aTopic();
    const { terminal, seen } = inTerminal(['delegate', '--topic', topic, `${ASK} ${QUESTION}`]);
    await expect.poll(seen).toContain('a allow · s always in this session · d deny, d TEXT tells why');
    expect(seen()).toContain('rm -rf dist');
    await shownLongEnough();
    terminal.stdin.write('x\n');
    await expect.poll(seen).toContain('Type one of: a allow');
    terminal.stdin.write('d use trash\n');
    await expect.poll(seen).toContain('→ denied by a person: use trash');
    await expect.poll(seen).toContain('1-2, or your own words');
    await shownLongEnough();
    terminal.stdin.write('2\n');
    const { exitCode } = await terminal;
    expect([exitCode, seen()]).toEqual([0, expect.stringContaining('The answers: deny: use trash; reply: blue')]);
  });

  test('what somebody else answers meanwhile is said, and the command goes on', async () => {
    const topic = aTopic();
    const { terminal, seen } = inTerminal(['delegate', '--topic', topic, ASK]);
    await expect.poll(seen).toContain('a allow · s always');
    await world.manager.answer(topic, { decision: 'allow' });
    const { exitCode } = await terminal;
    expect(exitCode).toBe(0);
    expect(seen()).toContain('It was answered elsewhere');
    expect(seen()).toContain('The answers: allow');
  });

  test('Ctrl-C leaves the wait as ever, and the ask stays open', async () => {
    const topic = aTopic();
    const { terminal, seen } = inTerminal(['delegate', '--topic', topic, '--id', 'p-left', ASK]);
    await expect.poll(seen).toContain('a allow · s always');
    terminal.stdin.write('\u0003');
    expect((await terminal).exitCode).toBe(130);
    expect(seen()).toContain('No longer waiting. The prompt is accepted and goes on.');
    await asks(topic);
    await world.manager.cancel(topic);
  });

  test('watch shows what is asked and who answered', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one');
    const { terminal, seen } = inTerminal(['watch', topic]);
    await expect.poll(seen).toContain(topic);
    const turn = world.manager.delegate(topic, ASK);
    await expect.poll(seen).toContain('? The agent asks for permission to use bash:');
    await world.manager.answer(topic, { decision: 'always' });
    await turn;
    await expect.poll(seen).toContain('bash: rm -rf dist → allowed for the session by a person');
    terminal.stdin.write('\u0003');
    expect((await terminal).exitCode).toBe(130);
  });
});
