/** The state of one attempt at a turn, and one step of it: look, decide, do. */
import { failure } from '../../contract/failures.js';
import type { Recovery } from '../../contract/types.js';
import { AgentError, type AgentOutcome, type TurnProgress, type TurnRequest } from '../agent.js';
import { Bell } from './bell.js';
import { ask } from './calls.js';
import { modelRefOf, refusalOf } from './choices.js';
import { decide, type Deed } from './decide.js';
import { failureOfDirectory } from './directory.js';
import { sessionOf, type OpenCodeEvent } from './events.js';
import { failureOf, isAbort, type OpenCodeError } from './failures.js';
import type { OpenCodeHome } from './home.js';
import { isOurs, messageIdOf, partIdOf } from './ids.js';
import { abort, findSession, lookAt, statusOf, type Look, type Place } from './look.js';
import { cancelledOutcome, failedOutcome, outcomeOfEnded, runawayFailure } from './outcome.js';
import { Progress } from './progress.js';
import type { Connection } from './server.js';
import { fingerprintOf, lastPromptOf, lastWorkedOnAt, turnStateOf, type TurnState } from './turn-state.js';

const POLL_MS = 1_000;
/** A prompt is acknowledged up to 60 ms before it is stored (OpenCode 1.18.33). */
const LOOK_AGAIN_MS = 400;
/** How long an idle session has to look the very same before anything is done: an OpenCode that just started, on a busy machine, takes seconds to begin with what was posted. */
const settledAfterMs = (posts: number) => LOOK_AGAIN_MS * 2 ** posts;
/** A person's turn that did not end may run in a server that is not ours: two servers on one session would livelock (1.18.33). */
const ELSEWHERE_MS = 120_000;

export class Attempt {
  readonly bell = new Bell();
  readonly #progress = new Progress();
  readonly #othersProgress = new Progress();
  readonly #message: string;
  /** Sessions of sub-agents, and theirs: what they do is progress of this turn. */
  readonly #children = new Set<string>();
  readonly #stopListening: () => void;
  #connection: Connection | undefined;
  #directory: string | undefined;
  /** What the look before saw, and when; nothing after a deed or a restart. */
  #before: { fingerprint: string; at: number } | undefined;
  #posts = 0;
  #postedInGeneration: number | undefined;
  #error: OpenCodeError | undefined;
  /** Whether the last look found that there is nothing to do but wait: then the status alone is asked until that changes. */
  #waiting = false;
  /** Whether what happens in the session is this turn's. */
  #working = false;
  #firstLook = true;
  #wasThere = false;
  #recovered: Recovery | undefined;
  restarts = 0;

  constructor(
    private readonly home: OpenCodeHome,
    private readonly request: TurnRequest,
    private readonly maxSteps: number,
  ) {
    const session = request.session.session_id;
    this.#message = messageIdOf(session, request.prompt_id);
    this.#stopListening = home.events.listen((event) => this.#on(event));
    home.active.set(session, { messageId: this.#message, wake: () => this.bell.ring() });
  }

  close(): void {
    this.#stopListening();
    const { active } = this.home;
    if (active.get(this.#session)?.messageId === this.#message) active.delete(this.#session);
  }

  takeProgress(): TurnProgress | undefined {
    if (this.#working) return this.#progress.take();
    const others = this.#othersProgress.take();
    return others && { step: `another turn comes first${others.step ? `: ${others.step}` : ''}` };
  }

  async verify(): Promise<void> {
    if (this.#connection) await this.home.server.verify(this.#connection);
  }

  /** The outcome, or for how long to wait at most until the next step. @throws CallFailed, AgentError */
  async step(): Promise<AgentOutcome | number> {
    const connection = await this.#connect();
    const cancelled = await this.home.cancelled.has(this.#message);
    const place = await this.#place(connection);
    if (this.#waiting && !cancelled && this.#progress.steps <= this.maxSteps) {
      const status = await statusOf(connection, place);
      if (this.#working) this.#progress.onStatus(status);
      if (status.type !== 'idle') return POLL_MS;
    }
    const look = await lookAt(connection, place);
    if (!look) return this.#lost();
    const turn = turnStateOf(look.messages, this.#message);
    if (turn.text !== undefined && !isSameText(turn.text, this.request.prompt)) return this.#reused();
    const deed = this.#decide(look, turn, cancelled);
    if (this.#firstLook) {
      this.#progress.begin(turn.answers);
      this.#wasThere = turn.present;
      if (deed === 'harvest') this.#recovered = 'harvested';
    }
    this.#firstLook = false;
    if (this.#working) this.#progress.onStatus(look.status);
    this.#waiting = deed === 'wait' && !look.idle && !turn.superseded;
    if (this.#waiting && this.#working && this.#wasThere) this.#recovered ??= 'reattached';
    return this.#do(deed, turn, connection, place);
  }

  get #session() {
    return this.request.session.session_id;
  }

  async #connect(): Promise<Connection> {
    const connection = await this.home.connect();
    if (connection.generation !== this.#connection?.generation) {
      if (this.#connection) this.restarts++;
      this.#connection = connection;
      this.#before = undefined;
      this.#waiting = false;
      this.#posts = 0;
      this.#error = undefined;
    }
    await this.home.events.open(connection);
    return connection;
  }

  async #place(connection: Connection): Promise<Place> {
    if (this.#directory === undefined) {
      const session = await findSession(connection, this.#session);
      this.#directory = session?.directory ?? this.request.session.cwd;
      this.home.directories.add(this.#directory);
    }
    return { sessionID: this.#session, directory: this.#directory };
  }

  #decide(look: Look, turn: TurnState, cancelled: boolean): Deed {
    const fingerprint = fingerprintOf(turn);
    const now = Date.now();
    const unchanged = look.idle && this.#before?.fingerprint === fingerprint && now - this.#before.at >= settledAfterMs(this.#posts);
    if (!look.idle) this.#before = undefined;
    else if (this.#before?.fingerprint !== fingerprint) this.#before = { fingerprint, at: now };
    const last = lastPromptOf(look.messages);
    const runs = last === this.#message ? 'this' : last !== undefined && isOurs(last) ? 'ours' : 'theirs';
    this.#working = runs === 'this';
    const refused = this.#error !== undefined && this.#posts > 0;
    const elsewhere = runs === 'theirs' && now - lastWorkedOnAt(look.messages) < ELSEWHERE_MS;
    return decide({ turn, idle: look.idle, runs, elsewhere, unchanged, cancelled, posts: this.#posts, refused, maxSteps: this.maxSteps });
  }

  async #do(deed: Deed, turn: TurnState, connection: Connection, place: Place): Promise<AgentOutcome | number> {
    switch (deed) {
      case 'harvest':
        return outcomeOfEnded(turn, this.#session, this.maxSteps, this.#recovered);
      case 'report_cancelled':
        return cancelledOutcome(turn, this.#session, this.#recovered);
      case 'report_unknown':
        return failedOutcome(failure('OUTCOME_UNKNOWN', `A later prompt overtook this one in session ${this.#session} before it had ended.`), turn, this.#recovered);
      case 'report_stuck':
        return this.#stuck(turn, connection, place);
      case 'wait':
        return POLL_MS;
      case 'look_again':
        return LOOK_AGAIN_MS;
      case 'abort':
        await abort(connection, place);
        return POLL_MS;
      case 'post_prompt':
      case 'post_continuation': {
        const missing = await failureOfDirectory(place.directory);
        if (missing) return failedOutcome(missing, turn, this.#recovered);
        await this.#post(turn, connection, place);
        return LOOK_AGAIN_MS;
      }
    }
  }

  async #post(turn: TurnState, connection: Connection, place: Place): Promise<void> {
    if (turn.present && (this.#wasThere || this.#postedInGeneration !== connection.generation)) this.#recovered = 'continued';
    const { model, mode, variant, instructions } = this.request.session;
    const isPrompt = turn.answering === this.#message;
    const parts = isPrompt || !turn.answeringText ? [{ id: partIdOf(turn.answering), type: 'text' as const, text: this.request.prompt }] : [];
    this.#posts++;
    this.#working = true;
    this.#postedInGeneration = connection.generation;
    this.#before = undefined;
    this.#error = undefined;
    const prompt = {
      ...place,
      messageID: turn.answering,
      parts,
      ...(model !== undefined && { model: modelRefOf(model) }),
      ...(mode !== undefined && { agent: mode }),
      ...(variant !== undefined && { variant }),
      ...(instructions !== undefined && { system: instructions }),
    };
    await ask('take the prompt', (options) => connection.client.session.promptAsync(prompt, options));
  }

  async #stuck(turn: TurnState, connection: Connection, place: Place): Promise<AgentOutcome> {
    const runaway = turn.answers.length > this.maxSteps ? runawayFailure(turn, this.#session) : undefined;
    const refusal = runaway ?? (await refusalOf(connection, place.directory, this.request.session));
    const reason = refusal ?? (this.#error && failureOf(this.#error, this.#session));
    // It could not even store the prompt, so no model has failed: its store is locked, or its disk full. That can pass.
    if (!refusal && reason && !turn.present) throw new AgentError(failure('AGENT_CRASHED', `OpenCode did not take the prompt. ${reason.message}`), true);
    const silent = failure('OUTCOME_UNKNOWN', `OpenCode stopped in the middle of the turn in session ${this.#session} and gave no reason; going on was tried ${this.#posts} times.`);
    return failedOutcome(reason ?? silent, turn, this.#recovered);
  }

  #lost(): AgentOutcome {
    const message = `Session ${this.#session} is no longer in the store ${this.home.server.store}.`;
    return { status: 'failed', reply: '', error: failure('SESSION_LOST', message) };
  }

  /** The session holds another request under this id: its turn is not this one's, and is left alone. */
  #reused(): AgentOutcome {
    const message = `Session ${this.#session} holds another text under prompt_id ${this.request.prompt_id}.`;
    return { status: 'failed', reply: '', error: failure('PROMPT_ID_REUSED', message) };
  }

  #on(event: OpenCodeEvent): void {
    if (event.type === 'session.created' || event.type === 'session.updated') {
      const { id, parentID } = event.properties.info;
      if (parentID !== undefined && (parentID === this.#session || this.#children.has(parentID))) this.#children.add(id);
      return;
    }
    const session = sessionOf(event);
    const progress = this.#working ? this.#progress : this.#othersProgress;
    if (session !== undefined && this.#children.has(session)) progress.onChild(event);
    if (session !== this.#session) return;
    if (event.type === 'session.error' && event.properties.error && !isAbort(event.properties.error)) this.#error = event.properties.error;
    if (event.type === 'session.error' || event.type === 'session.idle' || event.type === 'session.status') this.bell.ring();
    // A prompt of somebody else: this turn may have ended, although the session stays busy.
    if (event.type === 'message.updated' && event.properties.info.role === 'user' && event.properties.info.id !== this.#message) this.#waiting = false;
    progress.on(event);
  }
}

/** In UTF-8, which OpenCode stores: half of a surrogate pair is replaced there. */
function isSameText(one: string, other: string): boolean {
  return Buffer.from(one).equals(Buffer.from(other));
}
