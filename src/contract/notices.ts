/**
 * What a topic reports of a prompt to a command on the session's host, as it goes over the wire.
 * Anyone may import this; it imports only ids and other types.
 */
import type { Ask } from './asks.js';
import type { Failure } from './failures.js';
import type { PromptId, SessionId, TopicId } from './ids.js';
import type { TurnStatus } from './types.js';

/** The fields of a prompt that name its notify command. */
export interface Notifies {
  /**
   * A shell command that runs when the prompt ends, when it asks a person, and when it goes silent, in
   * the session's directory on its host. It gets a `NoticeEvent` on stdin.
   */
  notify?: string;
  /** Proves that the command may run, as `checks_proof` does for checks. */
  notify_proof?: string;
}

export const NOTICE_EVENTS = ['ended', 'asks', 'silent'] as const;
/**
 * `ended`: the prompt has an outcome. `asks`: its turn waits for a person. `silent`: its turn waits for
 * what no answer ends: a quota, a login, or a provider that is down.
 */
export type NoticeEventName = (typeof NOTICE_EVENTS)[number];

/** One line of JSON on the command's stdin. */
export interface NoticeEvent {
  event: NoticeEventName;
  topic: TopicId;
  prompt_id: PromptId;
  /** ISO 8601. */
  at: string;
  session_id?: SessionId | null;
  /** Of an outcome. */
  status?: TurnStatus;
  turn?: number;
  goal?: string;
  /** At most 2 KiB of it. */
  reply?: string;
  reply_truncated?: true;
  error?: Failure;
  duration_ms?: number;
  /** What is asked, with at most 2 KiB of its text. */
  ask?: Ask;
  /** What it waits for, where it is not a person. */
  waits_for?: 'quota' | 'agent';
  /** When it goes on at the latest. ISO 8601. */
  until?: string;
}

/** A notice that is not delivered yet. */
export interface Notice {
  prompt_id: PromptId;
  /**
   * Together with the topic, its epoch and the prompt, this names the notice for ever. A run that was reset
   * delivers the same notice under the same name.
   */
  name: string;
  run: string;
  proof?: string;
  /** Where the command runs. null: no session was opened. */
  session_id: SessionId | null;
  /** Where the command runs if there is no session. */
  cwd?: string;
  event: NoticeEvent;
}

/** The newest notice whose command did not end well. */
export interface FailedNotice {
  prompt_id: PromptId;
  event: NoticeEventName;
  problem: string;
  at: string;
}

export interface NotifyInput {
  topic: TopicId;
  /** The epoch of the topic. */
  epoch?: string;
  /** Absent: the worker's own directory. */
  cwd?: string;
  /** The directory whose config counts. Absent: the same. */
  config_cwd?: string;
  notices: Pick<Notice, 'prompt_id' | 'name' | 'run' | 'proof' | 'event'>[];
}

export interface NotifyOutput {
  /** The notices whose commands did not end well, by their place in the input. */
  failed: { at: number; problem: string }[];
}
