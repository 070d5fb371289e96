/**
 * The output of `continuity show`: the state of the topic, and beside each part the commands for
 * it.
 */
import { doingOf, type Progress } from '../../client/watch-progress.js';
import { workspaceWords } from '../../client/workspace-words.js';
import { askedWords } from '../../client/waiting-words.js';
import { choiceWords } from '../../contract/choice-words.js';
import { defined } from '../../contract/defined.js';
import { estimateOf, estimateWords } from '../../contract/estimate.js';
import type { TurnResult, Usage } from '../../contract/types.js';
import { atLeast, cachedWords, tokensOf } from '../../contract/usage.js';
import { contextWords } from '../../contract/session-context.js';
import type { SessionView, TopicView } from '../../contract/views.js';
import type { Output } from './output.js';
import { leftBehindWords } from './left-behind-text.js';
import { waitingLines } from './waiting-text.js';
import { ago, clock, count, duration, oneLine, quoted } from './words.js';

const SHOWN_OUTCOMES = 5;
const SHOWN_ASKS = 5;

/** @param now in ms since 1970, for the ages */
export function topicText(view: TopicView, output: Output, now: number, progress?: Progress): string {
  const { topic, state, closing, running, queue, outcomes, refused, sessions, problem } = view;
  const name = quoted(topic);
  const estimate = estimateOf(sessions);
  const section = (title: string, hint: string, lines: string[]) =>
    lines.length === 0
      ? []
      : [
          '',
          `${output.styled('bold', title)}${hint && output.styled('dim', `  (${hint})`)}`,
          ...lines.map((line) => `  ${line}`),
        ];
  const last = outcomes.slice(-SHOWN_OUTCOMES);
  return [
    [`${output.styled('bold', topic)}  ${state}${closing ? ', closing' : ''}`, count(view.turns, 'turn'), view.project]
      .filter(Boolean)
      .join(' · '),
    ...(view.used ? [`Used: ${costOf(view.used)}${cachedWords(view.used)}`] : []),
    ...(estimate ? [estimateWords(estimate)] : []),
    ...section('Problem', '', problem ? [`${problem.code}: ${problem.message}`, problem.fix] : []),
    ...section(
      'Sessions',
      `open one: continuity open ${name}`,
      sessions.flatMap((session) => sessionLines(session, now)),
    ),
    ...section(
      'Running',
      `follow: continuity watch ${name} · stop: continuity cancel ${name}`,
      running ? runningLines(running, now, progress) : [],
    ),
    ...section('Waits', '', running?.waiting ? waitingLines(topic, running.waiting, now) : []),
    ...section(
      'Queue',
      `take one out: continuity cancel ${name} <prompt id>`,
      queue.map((one) => queuedLine(one, now)),
    ),
    ...section(
      'Last outcomes',
      `in full: continuity outcome ${name} <prompt id>`,
      last.flatMap((result) => outcomeLines(result, now)),
    ),
    ...section('Notices', '', noticeLines(view, now)),
    ...section(
      'Refused',
      '',
      refused.map(({ error, at }) => `${ago(at, now)}  ${error.code}: ${oneLine(error.message, 120)}`),
    ),
    ...section('Go on', '', [`continuity delegate --topic ${name} "…"`]),
  ].join('\n');
}

function noticeLines({ notices, failed_notice: failed }: TopicView, now: number): string[] {
  return [
    ...(notices === undefined ? [] : [`${count(notices, 'notice')} to deliver`]),
    ...(failed
      ? [`${failed.prompt_id}  ${failed.event}: ${oneLine(failed.problem, 200)} · ${ago(failed.at, now)}`]
      : []),
  ];
}

function queuedLine({ prompt_id, prompt, accepted_at, runs_by }: TopicView['queue'][number], now: number): string {
  const held = runs_by === undefined ? '' : ` · until the session is warm, at latest ${clock(runs_by, now)}`;
  return `${prompt_id}  ${oneLine(prompt)} · ${ago(accepted_at, now)}${held}`;
}

function sessionLines(session: SessionView, now: number): string[] {
  const { session_id, pinned, turns, used, current, lost, archive, context } = session;
  const said = [
    lost,
    archive && (archive.kept_because === undefined ? 'archived' : `not archived: ${archive.kept_because}`),
    pinned.agent,
    pinned.model,
    pinned.category,
    count(turns, 'turn'),
    used && costOf(used),
    `${pinned.cwd} on ${pinned.host}`,
    pinned.workspace && `branch ${pinned.workspace.branch} of ${pinned.workspace.from}`,
  ]
    .filter(Boolean)
    .join(' · ');
  const line = `${current ? '→' : ' '} ${session_id}  ${said}`;
  return current && context ? [line, `    ${contextWords(context, now, (iso) => clock(iso, now))}`] : [line];
}

function runningLines(
  {
    prompt_id,
    prompt,
    started_at,
    fix,
    checking,
    waiting_for_host: host,
    asks = [],
  }: NonNullable<TopicView['running']>,
  now: number,
  progress?: Progress,
): string[] {
  const doing = [
    fix !== undefined && `fix ${fix}`,
    checking && 'its checks run',
    `for ${duration(Math.max(0, now - Date.parse(started_at)))}`,
  ]
    .filter(Boolean)
    .join(' · ');
  const line = `${prompt_id}  ${oneLine(prompt)} · ${doing}`;
  const sharing = progress?.shares_directory_with;
  const beside = sharing ? [`  · in the same directory: ${oneLine(sharing.join(', '), 200)}`] : [];
  const asked = asks.slice(-SHOWN_ASKS).map((one) => `  · ${askedWords(one)}`);
  if (host === undefined) return [line, ...asked, ...(progress ? [`  · ${doingOf(progress)}`] : []), ...beside];
  return [
    line,
    ...asked,
    `Host ${host} does not answer. The turn continues when a worker starts there: continuity worker`,
  ];
}

function outcomeLines(
  {
    left_behind,
    turn,
    status,
    error,
    prompt_id,
    reply,
    agent,
    duration_ms,
    recovered,
    fell_back_from,
    compacted,
    not_compacted,
    model,
    session,
    usage,
    checks,
    asks = [],
    started_at,
    shares_directory_with,
    ground,
  }: TurnResult,
  now: number,
): string[] {
  const instead = session.replaces && `${session.reason} ${session.replaces} replaced`;
  const tookOver = session.follows && `${agent} after ${session.follows}`;
  const copied = session.forked_from && choiceWords(session);
  const fixes =
    checks &&
    `checks ${checks.passed ? 'passed' : 'not passed'} after ${count(checks.rounds.length - 1, 'fix', 'fixes')}`;
  const took = [
    error ? `${status} ${error.code}` : status,
    instead,
    tookOver,
    copied,
    recovered,
    fell_back_from && `${model ?? 'another model'} instead of ${fell_back_from}`,
    compacted && 'compacted',
    not_compacted && 'not compacted',
    fixes,
    leftBehindWords(defined({ left_behind })),
    workspaceWords(defined({ shares_directory_with, ground })),
    asks.length > 0 && `asked ${asks.length === 1 ? 'once' : `${asks.length} times`}`,
    duration(duration_ms),
    usage && costOf(usage),
    ago(started_at, now),
  ];
  const line = `turn ${turn}  ${prompt_id}  ${took.filter(Boolean).join(', ')}: ${oneLine(error?.message ?? reply)}`;
  return error ? [line, `      ${error.fix}`] : [line];
}

/** For example `1,200 tokens, $0.03`. */
function costOf(usage: Usage): string {
  const tokens = `${atLeast(usage)}${count(tokensOf(usage), 'token')}`;
  return usage.cost_usd ? `${tokens}, $${usage.cost_usd.toFixed(2)}` : tokens;
}
