/** Our side of the fake agent: drives the process over IPC, and starts another when it died. */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentError, type Agent, type AgentOutcome, type OpenRequest, type SessionExistence, type SessionRef, type TurnEvent, type TurnProgress, type TurnRequest } from '../../src/agents/agent.js';
import { failure, type FailureCode } from '../../src/contract/failures.js';
import type { SessionId } from '../../src/contract/ids.js';

interface Answer {
  progress?: TurnProgress;
  result?: unknown;
  died?: true;
}

/** A prompt, or how its turn ended. */
interface SessionLine {
  prompt?: string;
  text?: string;
  end?: string;
  outcome?: AgentOutcome;
}

export class FakeAgent implements Agent {
  readonly name: string;
  readonly capabilities = { choosesSessionId: true, promptIds: true, reattach: false, cancel: true, usage: 'none' } as const;
  readonly store: string;
  #child: ChildProcess | undefined;
  #calls = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  constructor(dataDir: string, name = 'fake') {
    this.name = name;
    this.store = join(dataDir, 'fake-agent');
  }

  async open({ seed, cwd }: OpenRequest) {
    if (!(await stat(cwd).catch(() => undefined))) throw new AgentError(failure('CWD_MISSING', `Working directory ${cwd} does not exist.`), false);
    const session = `ses_${createHash('sha256').update(seed).digest('hex').slice(0, 20)}` as SessionId;
    await this.#call('open', { session });
    return { session_id: session, store: this.store };
  }

  async *turn({ session, prompt_id, prompt }: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent> {
    if (session.store !== this.store) throw new AgentError(failure('OUTCOME_UNKNOWN', `Session ${session.session_id} is of another store.`), true);
    const answers: Answer[] = [];
    let wake = () => {};
    const push = (answer: Answer) => {
      answers.push(answer);
      wake();
    };
    signal.addEventListener('abort', () => wake(), { once: true });
    this.#send('turn', { session: session.session_id, id: prompt_id, prompt }, push);
    for (;;) {
      signal.throwIfAborted();
      const answer = answers.shift();
      if (!answer) await new Promise<void>((resolve) => (wake = resolve));
      else if (answer.died) throw new AgentError(failure('AGENT_CRASHED', 'The fake agent died.'), true);
      else if (answer.progress) yield { type: 'progress', progress: answer.progress };
      else {
        const { code, ...outcome } = answer.result as AgentOutcome & { code?: FailureCode };
        yield { type: 'outcome', outcome: code ? { ...outcome, error: failure(code, `The fake agent was told to end as ${code}.`) } : outcome };
        return;
      }
    }
  }

  async cancel({ session_id }: SessionRef) {
    await this.#call('cancel', { session: session_id });
  }

  async inspect({ session_id }: SessionRef): Promise<SessionExistence> {
    return (await this.#call('inspect', { session: session_id })) as SessionExistence;
  }

  async transcript() {
    return Promise.resolve([]);
  }

  async interface() {
    return Promise.reject(new AgentError(failure('AGENT_NOT_FOUND', 'The fake agent has no interface.'), false));
  }

  describe() {
    return Promise.resolve({ version: '0', program: 'fake', store: this.store });
  }

  close() {
    this.#child?.disconnect();
    this.#child = undefined;
    return Promise.resolve();
  }

  /** The prompts that a session holds: the third side from which promises are checked. */
  promptsIn(session: string): string[] {
    return this.#linesIn(session).flatMap(({ text }) => (text === undefined ? [] : [text]));
  }

  /** How the turn of a prompt ended, in the agent's own words; nothing while it runs. */
  outcomeIn(session: string, prompt: string): string | undefined {
    const lines = this.#linesIn(session);
    const id = lines.find(({ text }) => text === prompt)?.prompt;
    return lines.find(({ end }) => end !== undefined && end === id)?.outcome?.status;
  }

  #linesIn(session: string): SessionLine[] {
    const lines = readFileSync(join(this.store, `${session}.jsonl`), 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as SessionLine);
  }

  /** Removes a session behind everybody's back. */
  lose(session: string | null): void {
    rmSync(join(this.store, `${session}.jsonl`));
  }

  #call(operation: string, request: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#send(operation, request, (answer) => {
        if (answer.died) reject(new AgentError(failure('AGENT_CRASHED', 'The fake agent died.'), true));
        else if (!answer.progress) resolve(answer.result);
      });
    });
  }

  #send(operation: string, request: object, receive: (answer: Answer) => void): void {
    const call = (this.#calls += 1);
    this.#waiting.set(call, receive);
    this.#process().send({ call, operation, ...request });
  }

  #process(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(fileURLToPath(new URL('fake-agent-process.mjs', import.meta.url)), [this.store], { execArgv: [] });
    child.on('message', ({ call, ...answer }: Answer & { call: number }) => {
      const receive = this.#waiting.get(call);
      if ('result' in answer || !answer.progress) this.#waiting.delete(call);
      receive?.(answer);
    });
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
      for (const [call, receive] of this.#waiting) {
        this.#waiting.delete(call);
        receive({ died: true });
      }
    });
    this.#child = child;
    return child;
  }
}
