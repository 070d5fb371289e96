/**
 * Stops turns that ended as cancelled while no attempt confirmed that the agent has stopped. Each
 * is stopped at the next contact with its host.
 */
import * as wf from '@temporalio/workflow';
import type { PromptId, SessionId } from '../contract/ids.js';
import type { SessionRecord } from '../contract/state.js';
import { STOP_WAITS_FOR_HOST, stopTurn } from './calls.js';
import * as transitions from './session-state.js';
import type { Topic } from './topic.js';

export class Stops {
  readonly #underWay = new Map<SessionId, { scope: wf.CancellationScope; over: Promise<void> }>();

  constructor(private readonly topic: Pick<Topic, 'id' | 'state' | 'show'>) {}

  /** Continues the stops that the run before this one did not finish. */
  resume(): void {
    for (const session of this.topic.state.to_stop ?? []) this.#begin(session);
  }

  add({ session_id }: SessionRecord, promptId: PromptId): void {
    const { state } = this.topic;
    const sessions = state.to_stop ?? [];
    if (sessions.includes(session_id)) return;
    state.to_stop = [...sessions, session_id];
    state.to_stop_prompts = { ...state.to_stop_prompts, [session_id]: promptId };
    this.#begin(session_id);
  }

  /**
   * Ends the stop in a session before its next turn. That turn stops what still runs there by
   * itself, and the stop must not end that turn.
   */
  async end(sessionId: SessionId): Promise<void> {
    const stop = this.#underWay.get(sessionId);
    stop?.scope.cancel();
    await stop?.over;
  }

  #begin(sessionId: SessionId): void {
    const { topic } = this;
    const session = transitions.sessionOf(topic.state, sessionId);
    const scope = new wf.CancellationScope();
    const promptId = topic.state.to_stop_prompts?.[sessionId];
    const stopped = session
      ? scope.run(() => stopTurn(topic.id, session, { waitsForHost: STOP_WAITS_FOR_HOST, promptId }))
      : Promise.resolve();
    const over = () => {
      transitions.stopIsOver(topic.state, sessionId);
      this.#underWay.delete(sessionId);
      topic.show();
    };
    this.#underWay.set(sessionId, { scope, over: stopped.then(over, over) });
  }
}
