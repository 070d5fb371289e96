/**
 * What every agent has to keep, whatever program is behind it. Each implementation calls
 * `describeAgentConformance`; a claim that it cannot keep is skipped with a reason. The program
 * runs against the scripted model, whose directives the prompts use.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Agent, AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';
import type { RecordedRequest } from '../../scripted/model.js';
import { never, runTurn, startTurn } from './run.js';
import { forAllTests } from './for-all-tests.js';

export interface AgentUnderTest {
  /** A new object on the same state, as a worker makes it that starts after another one died. */
  create(): Agent;
  cwd: string;
  model: string;
  /** Another one of the same provider. */
  otherModel: string;
  /** What a transcript calls the tool that runs a command. Default: `bash`. */
  shellTool?: string;
  /** What the model was asked for the sake of a turn. */
  asked(): RecordedRequest[];
  /** With what the agent asked for itself, such as a summary. */
  requests(): RecordedRequest[];
  /** The prompts that the agent's own session holds. */
  promptsIn(session: SessionRef): Promise<string[]>;
  /** From now on, the provider's address refuses connections. */
  stopProvider?(): Promise<void>;
  /** `kill -9` of the agent's program, and nothing else. */
  kill(): Promise<void>;
  /** Removes the session behind our back. */
  lose(session: SessionRef): Promise<void>;
  dispose(): Promise<void>;
}

const CLAIMS = [
  'the same seed opens the same session',
  'a working directory that is not there is refused as CWD_MISSING',
  'a turn ends with one outcome, which has the reply, the model and the usage',
  'what the agent does is told while it does it',
  'a follow-up is answered with what was asked before',
  'another model goes on in the same session',
  'two sessions know nothing of each other',
  'the same prompt id again is answered from the session, and the model is not asked again',
  'the same prompt id with another text is PROMPT_ID_REUSED, never the reply to the other text, and nothing is put in',
  'half of a surrogate pair and NUL reach the model as U+FFFD, and the prompt is found again',
  'a turn goes on while its worker is away, and the next one takes it up',
  'what ended while no worker was there is harvested',
  'a killed agent goes on with the turn, and the prompt is in the session once',
  'a cancelled turn ends as cancelled, and the session takes the next prompt',
  'a cancelled prompt is not resumed by another attempt',
  'a new prompt first stops the turn that was given up before it',
  'a second attempt at a turn makes the first one stop',
  'an error of the model is an outcome that names it, and the session stays usable',
  'an answer that was cut off by its limit or by a filter is REPLY_CUT_OFF, and the session goes on',
  'a turn without text and tools is EMPTY_REPLY',
  'a turn whose last step says nothing has the text before it as its reply',
  'a report before a tool is the reply, not the sign-off after it, and all of it can be read later',
  'a turn whose working directory is gone is CWD_MISSING',
  'a session that is gone is SESSION_LOST, and no new one takes its place',
  'a session of another store is not called lost',
  'the whole conversation can be read, also while nothing runs',
  'the conversation of a session that is not there is SESSION_LOST',
  'a session is found in the store, with its directory, its model and its first prompt',
] as const;
export type Claim = (typeof CLAIMS)[number];

export function describeAgentConformance(
  name: string,
  make: () => Promise<AgentUnderTest>,
  options: { skips?: Partial<Record<Claim, string>> } = {},
): void {
  describe(`${name} keeps what every agent has to keep:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function open(seed: string = randomUUID()): Promise<SessionRef> {
      const opened = await agent.open({ seed, title: `Test ${seed}`, cwd: under.cwd, model: under.model }, never);
      return { ...opened, model: under.model, cwd: under.cwd };
    }
    const isAsked = (text: string) =>
      vi.waitFor(
        () =>
          expect(
            under
              .asked()
              .flatMap(({ asks }) => asks)
              .join(),
          ).toContain(text),
        { timeout: 60_000 },
      );

    const bodies: Record<Claim, () => Promise<void>> = {
      'the same seed opens the same session': async () => {
        const [first, second, other] = [await open('same'), await open('same'), await open('other')];
        expect(second.session_id).toBe(first.session_id);
        expect(other.session_id).not.toBe(first.session_id);
      },
      'a working directory that is not there is refused as CWD_MISSING': async () => {
        const refused = agent.open({ seed: 'x', title: 'x', cwd: join(under.cwd, 'not-there') }, never);
        await expect(refused).rejects.toMatchObject({ failure: { code: 'CWD_MISSING' }, retryable: false });
      },
      'a turn ends with one outcome, which has the reply, the model and the usage': async () => {
        const outcome = await runTurn(agent, await open(), 'Say hello [[say: Hello.]]');
        expect(outcome).toMatchObject({ status: 'completed', reply: 'Hello.', model: under.model });
        expect(outcome.recovered).toBeUndefined();
        expect(outcome.usage?.input_tokens).toBeGreaterThan(0);
        expect(outcome.usage?.output_tokens).toBeGreaterThan(0);
      },
      'what the agent does is told while it does it': async () => {
        const turn = startTurn(agent, await open(), 'Test it [[bash: echo tested; sleep 1]] [[say: All tests pass.]]');
        expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'All tests pass.' });
        expect(turn.progress.map(({ step }) => step)).toContain('bash: echo tested; sleep 1');
      },
      'a follow-up is answered with what was asked before': async () => {
        const session = await open();
        await runTurn(agent, session, 'Add login endpoint');
        const { reply } = await runTurn(agent, session, 'Fix: add rate limiting');
        expect(reply).toBe('You asked before: "Add login endpoint". Now: "Fix: add rate limiting".');
      },
      'another model goes on in the same session': async () => {
        const session = await open();
        await runTurn(agent, session, 'Add login endpoint');
        const other = { ...session, model: under.otherModel };
        const { reply, model = under.otherModel } = await runTurn(agent, other, 'Fix: add rate limiting');
        expect(reply).toBe('You asked before: "Add login endpoint". Now: "Fix: add rate limiting".');
        expect(model).toBe(under.otherModel);
        expect(under.otherModel.split('/').at(-1)).toBe(under.asked().at(-1)?.model);
      },
      'two sessions know nothing of each other': async () => {
        const [one, two] = [await open(), await open()];
        const [, other] = await Promise.all([
          runTurn(agent, one, 'Add login endpoint'),
          runTurn(agent, two, 'Create dashboard page'),
        ]);
        expect(other.reply).toBe('You asked first: "Create dashboard page".');
      },
      'the same prompt id again is answered from the session, and the model is not asked again': async () => {
        const session = await open();
        const id = randomUUID();
        const first = await runTurn(agent, session, 'Only once', id);
        await runTurn(agent, session, 'Something else');
        const asked = under.asked().length;
        expect(await runTurn(agent, session, 'Only once', id)).toEqual({
          ...first,
          recovered: 'harvested',
        } satisfies AgentOutcome);
        expect(under.asked().length).toBe(asked);
        expect(await under.promptsIn(session)).toEqual(['Only once', 'Something else']);
      },
      'the same prompt id with another text is PROMPT_ID_REUSED, never the reply to the other text, and nothing is put in':
        async () => {
          const session = await open();
          const [ended, running] = [randomUUID(), randomUUID()];
          await runTurn(agent, session, 'The first text [[say: First.]]', ended);
          const refused = { status: 'failed', reply: '', error: { code: 'PROMPT_ID_REUSED' } };
          expect(await runTurn(agent, session, 'Another text', ended)).toMatchObject(refused);
          const prompt = 'At work [[slow: 2000]] [[say: Worked.]]';
          const turn = startTurn(agent, session, prompt, running);
          await isAsked('At work');
          turn.detach();
          await expect(turn.outcome).rejects.toThrow('detached');
          expect(await runTurn(agent, session, `${prompt} and more`, running)).toMatchObject(refused);
          expect(await runTurn(agent, session, prompt, running)).toMatchObject({
            status: 'completed',
            reply: 'Worked.',
          });
          expect(await under.promptsIn(session)).toEqual(['The first text [[say: First.]]', prompt]);
        },
      'half of a surrogate pair and NUL reach the model as U+FFFD, and the prompt is found again': async () => {
        const session = await open();
        const prompt = 'Broken \ud83d, \udc00 and \0 [[say: Read.]]';
        const put = 'Broken \ufffd, \ufffd and \ufffd [[say: Read.]]';
        const outcome = { status: 'completed', reply: 'Read.' };
        expect(await runTurn(agent, session, prompt, 'broken')).toMatchObject(outcome);
        expect(await runTurn(under.create(), session, prompt, 'broken')).toMatchObject(outcome);
        expect(await under.promptsIn(session)).toEqual([put]);
        expect(under.asked().flatMap(({ asks }) => asks.filter((ask) => ask.startsWith('Broken')))).toEqual([put]);
      },
      'a turn goes on while its worker is away, and the next one takes it up': async () => {
        const session = await open();
        const id = randomUUID();
        const prompt = 'Take your time [[slow: 3000]] [[say: There.]]';
        const turn = startTurn(agent, session, prompt, id);
        await isAsked('Take your time');
        turn.detach();
        await expect(turn.outcome).rejects.toThrow('detached');
        expect(await runTurn(agent, session, prompt, id)).toMatchObject({
          status: 'completed',
          reply: 'There.',
          recovered: 'reattached',
        });
        expect(await under.promptsIn(session)).toEqual([prompt]);
      },
      'what ended while no worker was there is harvested': async () => {
        const session = await open();
        const id = randomUUID();
        const prompt = 'End alone [[slow: 500]] [[say: I ended alone.]]';
        const turn = startTurn(agent, session, prompt, id);
        await isAsked('End alone');
        turn.detach();
        await expect(turn.outcome).rejects.toThrow('detached');
        await vi.waitFor(
          async () => {
            const again = startTurn(agent, session, prompt, id);
            expect(await again.outcome).toMatchObject({ reply: 'I ended alone.', recovered: 'harvested' });
          },
          { timeout: 60_000 },
        );
      },
      'a killed agent goes on with the turn, and the prompt is in the session once': async () => {
        const session = await open();
        const prompt = 'Survive [[bash: echo one]] [[slow: 2500]] [[say: Survived.]]';
        const turn = startTurn(agent, session, prompt);
        await vi.waitFor(
          () => expect(under.asked().filter(({ asks }) => asks[0]?.startsWith('Survive'))).toHaveLength(2),
          { timeout: 60_000 },
        );
        await under.kill();
        expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Survived.', recovered: 'continued' });
        expect(await under.promptsIn(session)).toEqual([prompt]);
      },
      'a cancelled turn ends as cancelled, and the session takes the next prompt': async () => {
        const session = await open();
        const turn = startTurn(agent, session, 'Never end [[hang]]');
        await isAsked('Never end');
        await agent.cancel(session, never);
        expect(await turn.outcome).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
        await agent.cancel(session, never);
        expect((await runTurn(agent, session, 'Go on')).reply).toBe('You asked before: "Never end". Now: "Go on".');
      },
      'a cancelled prompt is not resumed by another attempt': async () => {
        const session = await open();
        const id = randomUUID();
        const turn = startTurn(agent, session, 'Unavailable [[status: 503]]', id);
        await isAsked('Unavailable');
        turn.detach();
        await expect(turn.outcome).rejects.toThrow('detached');
        await agent.cancel(session, never);
        const asked = under.asked().length;
        expect(await runTurn(agent, session, 'Unavailable [[status: 503]]', id)).toMatchObject({ status: 'cancelled' });
        expect(under.asked().length).toBe(asked);
      },
      'a new prompt first stops the turn that was given up before it': async () => {
        const session = await open();
        const givenUp = startTurn(agent, session, 'Given up [[hang]]');
        await isAsked('Given up');
        givenUp.detach();
        await expect(givenUp.outcome).rejects.toThrow('detached');
        expect((await runTurn(agent, session, 'Next')).reply).toBe('You asked before: "Given up". Now: "Next".');
      },
      'a second attempt at a turn makes the first one stop': async () => {
        const session = await open();
        const prompt = 'Twice [[slow: 1500]] [[say: Once.]]';
        const first = startTurn(agent, session, prompt, 'twice');
        await isAsked('Twice');
        const second = startTurn(agent, session, prompt, 'twice');
        await expect(first.outcome).rejects.toMatchObject({ retryable: true });
        expect(await second.outcome).toMatchObject({ reply: 'Once.' });
        expect(await under.promptsIn(session)).toEqual([prompt]);
      },
      'an error of the model is an outcome that names it, and the session stays usable': async () => {
        const session = await open();
        expect(await runTurn(agent, session, 'Locked [[status: 401]]')).toMatchObject({
          status: 'failed',
          error: { code: 'AGENT_AUTH' },
        });
        expect(await runTurn(agent, session, 'Full [[overflow: always]]')).toMatchObject({
          status: 'failed',
          error: { code: 'CONTEXT_OVERFLOW' },
        });
        expect(await runTurn(agent, session, 'Bad [[status: 400]]')).toMatchObject({
          status: 'failed',
          error: { code: 'MODEL_FAILED' },
        });
        expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({
          status: 'completed',
          reply: 'Well.',
        });
      },
      'an answer that was cut off by its limit or by a filter is REPLY_CUT_OFF, and the session goes on': async () => {
        const session = await open();
        const cut = (why: string) => runTurn(agent, session, `Long [[say: The first half]] [[finish: ${why}]]`, why);
        const failed = { status: 'failed', error: { code: 'REPLY_CUT_OFF' } };
        expect(await cut('length')).toMatchObject({
          ...failed,
          reply: expect.stringContaining('The first half') as string,
        });
        expect(await cut('content_filter')).toMatchObject(failed);
        expect(await runTurn(agent, session, 'Go on [[say: The second half]]')).toMatchObject({
          status: 'completed',
          reply: 'The second half',
        });
      },
      'a turn without text and tools is EMPTY_REPLY': async () => {
        expect(await runTurn(agent, await open(), 'Say nothing [[empty]]')).toMatchObject({
          status: 'failed',
          reply: '',
          error: { code: 'EMPTY_REPLY' },
        });
      },
      'a turn whose last step says nothing has the text before it as its reply': async () => {
        const prompt = 'Look [[say: The door is red.]] [[bash: echo looked]] [[empty]]';
        expect(await runTurn(agent, await open(), prompt)).toMatchObject({
          status: 'completed',
          reply: 'The door is red.',
        });
      },
      'a report before a tool is the reply, not the sign-off after it, and all of it can be read later': async () => {
        const session = await open();
        const report = `The report.${' The door is red.'.repeat(30)}`;
        const prompt = `Report [[say: I look.]] [[bash: echo one]] [[say: ${report}]] [[bash: echo two]] [[say: Done.]]`;
        const outcome = await runTurn(agent, session, prompt, 'report');
        const said = { reply: report, reply_parts: ['I look.', report, 'Done.'] };
        expect(outcome).toMatchObject({ status: 'completed', ...said });
        await runTurn(agent, session, 'Something else');
        expect(await agent.said(session, 'report' as PromptId, never)).toMatchObject(said);
        await expect(agent.said(session, 'another' as PromptId, never)).rejects.toMatchObject({
          failure: { code: 'OUTCOME_UNKNOWN' },
        });
      },
      'a turn whose working directory is gone is CWD_MISSING': async () => {
        const cwd = join(under.cwd, 'passing');
        await mkdir(cwd);
        const opened = await agent.open({ seed: randomUUID(), title: 'Passing', cwd, model: under.model }, never);
        await rm(cwd, { recursive: true });
        expect(await runTurn(agent, { ...opened, cwd }, 'Where?')).toMatchObject({
          status: 'failed',
          error: { code: 'CWD_MISSING' },
        });
      },
      'a session that is gone is SESSION_LOST, and no new one takes its place': async () => {
        const session = await open();
        await runTurn(agent, session, 'Before');
        await under.lose(session);
        expect(await runTurn(agent, session, 'After')).toMatchObject({
          status: 'failed',
          error: { code: 'SESSION_LOST' },
        });
      },
      'a session of another store is not called lost': async () => {
        const session = { ...(await open()), store: '/elsewhere/opencode.db' };
        await expect(runTurn(agent, session, 'Hello')).rejects.toMatchObject({ retryable: true });
      },
      'the whole conversation can be read, also while nothing runs': async () => {
        const session = await open();
        await runTurn(agent, session, 'Look around [[bash: echo seen]]');
        await runTurn(agent, session, `A long one [[big: 200000]]`);
        await under.kill();
        const messages = await agent.transcript(session);
        expect(
          messages
            .filter(({ role }) => role === 'user')
            .map(({ parts }) => parts.map((part) => part.type === 'text' && part.text).join('')),
        ).toEqual([expect.stringContaining('Look around'), expect.stringContaining('A long one')]);
        const parts = messages.flatMap((message) => message.parts);
        expect(parts).toContainEqual(
          expect.objectContaining({
            type: 'tool',
            tool: under.shellTool ?? 'bash',
            status: 'completed',
            output: expect.stringContaining('seen') as string,
          }),
        );
        expect(parts.some((part) => part.type === 'text' && part.text.length === 200_000)).toBe(true);
      },
      'the conversation of a session that is not there is SESSION_LOST': async () => {
        const session = await open();
        await expect(
          agent.transcript({ ...session, session_id: 'ses_0000000000000000000000000' as SessionRef['session_id'] }),
        ).rejects.toMatchObject({ failure: { code: 'SESSION_LOST' } });
      },
      'a session is found in the store, with its directory, its model and its first prompt': async () => {
        const session = await open();
        await runTurn(agent, session, 'Look\n  around first');
        await runTurn(agent, session, 'And then');
        const told = { session_id: session.session_id, cwd: under.cwd, first_prompt: 'Look around first' };
        expect(await agent.find?.(session.session_id)).toMatchObject({
          ...told,
          model: under.model,
          store: session.store,
        });
        const [newest] = (await agent.sessions?.()) ?? [];
        expect(newest).toMatchObject(told);
        expect(Date.now() - Date.parse(newest?.updated_at ?? '')).toBeLessThan(60_000);
        const unknown = session.session_id.replace(/.{12}$/, '000000000000') as SessionRef['session_id'];
        expect(await agent.find?.(unknown)).toBeUndefined();
      },
    };

    for (const claim of CLAIMS) {
      const reason = options.skips?.[claim];
      if (reason) test.skip(`${claim} (skipped: ${reason})`, bodies[claim]);
      else test(claim, bodies[claim]);
    }
  });
}
