/**
 * What may make an agent go on although its answer has ended. Pure.
 *
 * - Sub-agents in the background, which outlast the call that started them. OpenCode itself starts
 *   them (`task` with `background`), and so do plug-ins such as oh-my-openagent. Whoever started
 *   them tells the agent of their end, by a message in its session.
 * - A list of tasks that is not done. A plug-in may tell the agent to go on with it.
 */
import type { Part, ToolPart } from '@opencode-ai/sdk/v2/client';
import type { Usage } from '../../contract/types.js';
import { isOurs } from './ids.js';
import { subAgentOf } from './sub-agents.js';
import type { StoredAnswer, StoredMessage } from './turn-state.js';

/** The session of a sub-agent. Times are the server's, in ms. */
export interface Child {
  id: string;
  directory: string;
  created: number;
  /**
   * - `ended`: with an answer, with an error, or because it was stopped.
   * - `cut_off`: nothing works in it, and it has no end. Its server was killed.
   */
  state: 'works' | 'ended' | 'cut_off';
  /** When it was last seen to move. */
  movedAt: number;
  /** What it has used since the prompt. Absent: nothing, or it still works. */
  used?: Usage;
}

/** What the end of a turn depends on, beside its messages. */
export interface Beside {
  /** The sub-agents that have worked since its prompt. */
  children: readonly Child[];
  /** Whether OpenCode has plug-ins. */
  hasPlugins: boolean;
}

/** A turn's messages in those of its session: from `at`, its prompt, up to `end`. */
export interface Range {
  messages: StoredMessage[];
  at: number;
  end: number;
}

/** What a turn has in the background. */
export interface Background {
  /** How many sub-agents work. */
  working: number;
  /** None works, and the agent may be told something at any moment. */
  isAwaited: boolean;
  /** How many were cut off, and will never report. */
  cutOff: number;
}

/**
 * The agent is told within this time after everything is quiet, or not at all. oh-my-openagent
 * looks at a sub-agent no earlier than 5 s after its start, and again each second while the
 * session works. It counts down 2 s before it tells of open tasks.
 */
export const TOLD_WITHIN_MS = 10_000;

/** `now`: the server's time, in ms. */
export function backgroundOf(range: Range, { children, hasPlugins }: Beside, now: number): Background {
  const turn = turnIn(range);
  const all = inBackground(turn, children);
  const toldAt = turn.findLast((_, index) => isTelling(turn, index))?.info.time.created ?? 0;
  const untold = all.filter(({ state, movedAt }) => state !== 'works' && movedAt >= toldAt);
  const isOpen = untold.length > 0 || (hasPlugins && mayGoOn(range));
  return {
    working: all.filter(({ state }) => state === 'works').length,
    isAwaited: isOpen && now < quietSince(turn, all) + TOLD_WITHIN_MS,
    cutOff: untold.filter(({ state }) => state === 'cut_off').length,
  };
}

/**
 * Whether a message that is not ours, after those of the range, makes the turn go on. Nothing marks
 * it. It is recognised by its time: it comes while a sub-agent works in the background, or soon
 * after the end of one that nothing has told of, or soon after an answer that left tasks open.
 */
export function isWakeUp(message: StoredMessage, range: Range, { children, hasPlugins }: Beside): boolean {
  if (message.info.role !== 'user' || isOurs(message.info.id) || message.parts.length === 0) return false;
  const turn = turnIn(range);
  const at = message.info.time.created;
  const all = inBackground(turn, children).filter(({ created }) => created <= at);
  if (all.some(({ state, movedAt }) => state === 'works' || movedAt > at)) return true;
  if (at > quietSince(turn, all) + TOLD_WITHIN_MS) return false;
  const told = turn.filter((_, index) => isTelling(turn, index)).length;
  return told < all.length || (hasPlugins && mayGoOn(range));
}

const turnIn = ({ messages, at, end }: Range) => messages.slice(at, end);

/** Whether the last answer left tasks open. One that failed or was cut off does not count. */
function mayGoOn({ messages, end }: Range): boolean {
  const soFar = messages.slice(0, end);
  const last = soFar.at(-1)?.info;
  if (last?.role !== 'assistant' || last.error || last.finish !== 'stop') return false;
  const lists = soFar.flatMap(({ parts }) => parts.filter(isCall)).filter(({ tool }) => tool === 'todowrite');
  const { todos } = lists.findLast(({ state }) => state.status === 'completed')?.state.input ?? {};
  return Array.isArray(todos) && todos.some(isOpenTask);
}

function isOpenTask(task: unknown): boolean {
  const status = typeof task === 'object' && task !== null && 'status' in task ? task.status : undefined;
  return status === 'pending' || status === 'in_progress';
}

/** The answers after the agent was last told something. All of them, if it was told nothing. */
export function finalAnswersIn(range: Range): StoredAnswer[] {
  const turn = turnIn(range);
  const told = turn.findLastIndex((_, index) => isTelling(turn, index));
  return turn.slice(told + 1).filter((message): message is StoredAnswer => message.info.role === 'assistant');
}

/**
 * Whether a message of a turn tells the agent something. Messages of a compaction do not: they
 * hold a compaction, or come right after its summary.
 */
function isTelling(turn: StoredMessage[], index: number): boolean {
  const { info, parts } = turn[index] ?? {};
  if (index === 0 || info?.role !== 'user' || parts?.some(({ type }) => type === 'compaction')) return false;
  const before = turn[index - 1]?.info;
  return !(before?.role === 'assistant' && before.summary);
}

function inBackground(turn: StoredMessage[], children: readonly Child[]): Child[] {
  const calls = turn.flatMap(({ parts }) => parts.filter(isCall));
  return children.filter((child) => outlasts(child, callFor(child, calls)));
}

/** A call that was cut off, or still runs, waits for its sub-agent. */
function outlasts({ state, movedAt }: Child, call: ToolPart | undefined): boolean {
  if (!call) return true;
  if (call.state.status !== 'completed') return false;
  const { input, time } = call.state;
  return state !== 'ended' || movedAt > time.end || input['background'] === true || input['run_in_background'] === true;
}

/** The call that names the sub-agent, or the shortest that ran when the sub-agent was started. */
function callFor({ id, created }: Child, calls: ToolPart[]): ToolPart | undefined {
  const named = calls.findLast((call) => subAgentOf(call) === id);
  if (named) return named;
  const running = calls.filter((call) => startOf(call) <= created && created <= endOf(call));
  return running.sort((one, other) => endOf(one) - endOf(other))[0];
}

const isCall = (part: Part): part is ToolPart => part.type === 'tool';
const startOf = ({ state }: ToolPart) => ('time' in state ? state.time.start : Infinity);
const endOf = ({ state }: ToolPart) => ('time' in state && 'end' in state.time ? state.time.end : Infinity);

/** When anything of the turn, or in its background, has moved last. */
function quietSince(turn: StoredMessage[], background: Child[]): number {
  const answers = turn.flatMap(({ info }) =>
    info.role === 'assistant' ? [info.time.completed ?? info.time.created] : [],
  );
  return Math.max(0, ...answers, ...background.map(({ movedAt }) => movedAt));
}
