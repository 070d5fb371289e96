/** The public surface. Adding a name here is a decision. */
export { SessionManager } from './client/session-manager.js';
export type { DelegateOptions, FollowUpOptions, ManagerOptions } from './client/manager-options.js';
export { delegate_task, type DelegateTaskInput } from './client/delegate-task.js';
export { SessionError } from './client/session-error.js';
export type { Cancelled, ReplyPage } from './contract/answers.js';
export type {
  AnswerRequest,
  AnswerTaken,
  AnsweredBy,
  Ask,
  AskedInTurn,
  Decision,
  Retried,
  Waiting,
} from './contract/asks.js';
export type { SessionFilter } from './client/agent-sessions.js';
export type { AgentSession, AgentSessions } from './contract/agent-session.js';
export type { TopicFilter, TopicSummary } from './client/list-topics.js';
export type { NamedPrompt, OutcomesOptions, PromptReport } from './client/outcomes.js';
export type { Progress } from './client/watch-progress.js';
export type { TopicEvent } from './client/watch-topic.js';
export type { PromptId, SessionId, TopicId } from './contract/ids.js';
export { FAILURES, type Failure, type FailureCode } from './contract/failures.js';
export type { ForkedFrom } from './contract/fork.js';
export type { ForkWish } from './contract/fork-wish.js';
export type { Check, CheckRound, CheckRun, Checks } from './contract/checks.js';
export type {
  Accepted,
  Pinned,
  OnLost,
  PromptRequest,
  PromptState,
  Recovery,
  SessionChoice,
  TurnResult,
  TurnStatus,
  Usage,
} from './contract/types.js';
export type { Discarded, Ground, Merged, Moved, WorkspaceMode, Worktree } from './contract/workspace.js';
export type { TopicLifeState, TopicView } from './contract/views.js';
