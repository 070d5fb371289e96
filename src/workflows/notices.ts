/**
 * Delivers the notices of prompts to their commands. The state keeps a notice until an activity on the
 * session's host has delivered it, so continue-as-new loses none. The host starts each command once
 * (`host/notice-command.ts`).
 */
import * as wf from '@temporalio/workflow';
import type { Waiting } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import type { Notice } from '../contract/notices.js';
import { CONTINUITY, hostQueueOf } from '../contract/messages.js';
import type { QueuedPrompt, RunningPrompt } from '../contract/state.js';
import type { TurnResult } from '../contract/types.js';
import { configDirectoryOf } from '../contract/workspace.js';
import * as calls from './calls.js';
import { nextNotices, noteEnded, noteFailed, noteWaits, noticesAreOver } from './noticed.js';
import { sessionOf } from './session-state.js';
import { now } from './time.js';
import type { Topic } from './topic.js';

const MOST_AT_ONCE = 20;

export class Notices {
  #underWay = false;

  constructor(private readonly topic: Pick<Topic, 'id' | 'state' | 'show' | 'features'>) {}

  /** Delivers the notices that the run before this one left. */
  resume(): void {
    if (this.topic.state.notices) this.#begin();
  }

  ended(prompt: QueuedPrompt, result: TurnResult): void {
    if (noteEnded(this.topic.id, this.topic.state, prompt, result, now())) this.#begin();
  }

  waits(turn: RunningPrompt, waiting: Waiting): void {
    if (noteWaits(this.topic.id, this.topic.state, turn, waiting, now())) this.#begin();
  }

  #begin(): void {
    if (this.#underWay || !this.topic.features.notifies) return;
    this.#underWay = true;
    void wf.CancellationScope.nonCancellable(() => this.#deliver()).finally(() => (this.#underWay = false));
  }

  async #deliver(): Promise<void> {
    const { topic } = this;
    const placeOf = ({ session_id }: Notice) =>
      session_id === null ? undefined : sessionOf(topic.state, session_id)?.pinned;
    for (;;) {
      const batch = nextNotices(topic.state, (notice) => placeOf(notice)?.host, MOST_AT_ONCE);
      const [first] = batch;
      if (!first) return;
      const { state } = topic; // The topic may be forgotten meanwhile.
      const pinned = placeOf(first);
      const place = pinned ? { cwd: pinned.cwd, config_cwd: configDirectoryOf(pinned) } : defined({ cwd: first.cwd });
      const notices = batch.map(({ prompt_id, name, run, proof, event }) => ({
        ...{ prompt_id, name, run, event },
        ...defined({ proof }),
      }));
      const input = { topic: topic.id, ...defined({ epoch: state.epoch }), ...place, notices };
      try {
        const { failed } = await calls.notify(input, pinned ? hostQueueOf(pinned.host) : CONTINUITY);
        for (const { at, problem } of failed) if (batch[at]) noteFailed(state, batch[at], problem, now());
      } catch (error) {
        if (!(error instanceof wf.TemporalFailure)) throw error; // A defect of ours must fail the task.
        noteFailed(state, batch.at(-1)!, whyOf(error), now());
      }
      noticesAreOver(state, batch);
      topic.show();
    }
  }
}

function whyOf(error: wf.TemporalFailure): string {
  const cause = error instanceof wf.ActivityFailure ? error.cause : error;
  return `it was not delivered: ${cause instanceof Error ? cause.message : String(cause)}`;
}
