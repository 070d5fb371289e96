/**
 * A process that has one session, and works on one prompt at most. It ends after its turn: what a
 * tool has left running ends with it, and a person who goes on in the session meanwhile is heard by
 * the next one.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AgentAskKind } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import type { AgentSignal, KeyedPrompt, PromptKey } from '../driver.js';
import type { Connection, Listener } from './connection.js';
import type { AcpHome, TurnFact } from './home.js';
import { OpenAsks } from './open-asks.js';
import { endOf, endOfError, unknown, type End } from './outcome.js';
import { permissionOf } from './permission.js';
import { questionOf } from './question.js';
import { modelOf, type SessionState } from './settings.js';
import { Said, type Update } from './updates.js';

export class SessionRun implements Listener {
  /** The prompt that it works on. */
  key: PromptKey | undefined;
  said = new Said();
  readonly asks = new OpenAsks(() => this.home.tell(this.session, this.blocked()));
  #stopping: NodeJS.Timeout | undefined;
  #abandoned = false;
  #idle: NodeJS.Timeout;
  #left = false;
  #following: Promise<void> = Promise.resolve();

  constructor(
    private readonly home: AcpHome,
    readonly connection: Connection,
    readonly session: SessionId,
    public state: SessionState,
  ) {
    connection.listener = this;
    home.runs.set(session, this);
    this.#idle = setTimeout(() => this.#leave(true), home.timing.idleMs).unref();
    void connection.closed.then(() => {
      if (this.key === undefined) this.#leave(false);
    });
  }

  get model(): string | undefined {
    return modelOf(this.state);
  }

  get isReady(): boolean {
    return this.key === undefined && !this.#left && !this.connection.isClosed;
  }

  /** Sends the prompt. The turn is noted as put in before, and is over once its end is noted. */
  begin(prompt: KeyedPrompt, instructions: string | undefined): void {
    clearTimeout(this.#idle);
    this.key = prompt.key;
    this.said = new Said();
    const texts = [...(instructions === undefined ? [] : [instructions]), prompt.text];
    const params = { sessionId: this.session, prompt: texts.map((text) => ({ type: 'text', text })) };
    this.#following = this.#follow(prompt, this.connection.request('session/prompt', params));
  }

  /** The agent is asked to stop, and killed where it does not. Returns without waiting for it. */
  stop(): void {
    if (this.key === undefined || this.#stopping) return;
    this.connection.notify('session/cancel', { sessionId: this.session });
    this.asks.withdrawAll();
    const kill = () => void this.#end(false).catch(() => undefined); // Told once it leaves.
    this.#stopping = setTimeout(kill, this.home.timing.stopsWithinMs);
  }

  /** Ends it in the middle of whatever it does, because this worker leaves. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    if (this.key === undefined) return this.#leave(true);
    this.#end(false).catch(() => undefined); // Told once it leaves.
    await this.#following;
  }

  on(sessionId: string, update: Update | undefined): void {
    if (sessionId !== this.session || this.key === undefined || !update) return;
    this.home.tell(this.session, { type: 'worked' });
    for (const signal of this.said.on(update)) this.home.tell(this.session, signal);
  }

  asked(kind: AgentAskKind, params: unknown, gone: AbortSignal): Promise<object> | undefined {
    if (this.#stopping || this.key === undefined) return undefined;
    const asker = { session: this.session, call: (id: string) => this.said.call(id) };
    const asking = (kind === 'permission' ? permissionOf : questionOf)(randomUUID(), params, asker);
    return this.asks.open(kind, asking, gone);
  }

  blocked(): AgentSignal {
    const [ask] = this.asks.all;
    if (!ask) return { type: 'blocked' };
    const what = ask.tool === undefined || ask.tool === ask.text ? ask.text : `${ask.tool} ${ask.text}`;
    return { type: 'blocked', on: `waits for ${ask.kind === 'permission' ? 'permission' : 'an answer'}: ${what}` };
  }

  async #follow({ key, text }: KeyedPrompt, answer: Promise<unknown>): Promise<void> {
    const { home, session } = this;
    const end = await this.#endOf(answer);
    this.asks.withdrawAll();
    clearTimeout(this.#stopping);
    const { words, tools, context } = this.said;
    const { model } = this;
    const fact: TurnFact = { text, end: { ...end, ...words, steps: tools, ...defined({ model, context }) } };
    try {
      if (end.status === 'completed')
        await home.sessions.set(session, { ...(await home.sessions.get(session)), answered: true });
      await home.turns.set(key, fact);
    } catch (error) {
      // It is told as not known: the note that it was put in is there.
      home.note('How a turn ended could not be noted.', { session, reason: String(error) });
    }
    this.#leave(true);
    this.key = undefined;
    home.tell(session, { type: 'moved' });
  }

  async #endOf(answer: Promise<unknown>): Promise<End> {
    const { connection, session } = this;
    try {
      const answered = await answer;
      await setImmediate(); // Updates that came before the answer are being handled.
      return endOf(answered, this.said, connection.title, session);
    } catch (error) {
      if (this.#stopping) return { status: 'cancelled' };
      if (this.#abandoned)
        return unknown(
          `The worker was stopped in the middle of the turn in session ${session}, and ${connection.title} ends with its worker.`,
        );
      return endOfError(
        error,
        connection.isClosed ? await connection.process.whyItEnded() : undefined,
        connection.title,
        session,
      );
    }
  }

  #leave(gently: boolean): void {
    if (this.#left) return;
    this.#left = true;
    clearTimeout(this.#idle);
    this.home.leave(this.session, this, this.#end(gently));
  }

  #end(gently: boolean): Promise<void> {
    return this.connection.process.end(gently);
  }
}
