/**
 * What a topic shows of itself: the `view` and `outcome` queries, and its page in the Web UI. Pure.
 */
import type { Waiting } from '../contract/asks.js';
import { choiceWords } from '../contract/choice-words.js';
import { defined } from '../contract/defined.js';
import { estimateOf, estimateWords } from '../contract/estimate.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import { contextWords } from '../contract/session-context.js';
import { daysOf } from '../contract/ledger.js';
import { shellWord } from '../contract/shell-word.js';
import type { QueuedPrompt, RunningPrompt, SessionRecord, TopicState } from '../contract/state.js';
import { cutToBytes, titleOf } from '../contract/text.js';
import type { Checks } from '../contract/checks.js';
import type { PromptState, TurnResult, Usage } from '../contract/types.js';
import { atLeast, cachedWords, tokensOf } from '../contract/usage.js';
import type { TopicLifeState, TopicView } from '../contract/views.js';
import { runsBy } from './held-back.js';
import { isKnown, outcomeOf, refusalOfId } from './session-state.js';
import { asksOf } from './waiting.js';

const SHOWN_OUTCOMES = 20;

export function lifeStateOf(state: TopicState, running: RunningPrompt | undefined, ended: boolean): TopicLifeState {
  if (ended) return 'closed';
  if (running?.waiting_for_host !== undefined || running?.waiting) return 'waiting';
  const hasWork = state.queue.some((queued) => state.closing || runsBy(queued) === undefined);
  return running || hasWork ? 'running' : 'idle';
}

export function viewOf(
  topic: TopicId,
  state: TopicState,
  running: RunningPrompt | undefined,
  ended: boolean,
): TopicView {
  return {
    topic,
    state: lifeStateOf(state, running, ended),
    closing: state.closing,
    session_id: state.current,
    ...defined({ project: state.project }),
    sessions: state.sessions.map((session) => sessionView(session, state.current)),
    turns: state.turns,
    ...defined({ used: state.used, days: state.ledger && daysOf(state.ledger) }),
    ...(running && { running: runningOf(running) }),
    queue: state.queue.map((queued) => ({
      prompt_id: queued.prompt_id,
      prompt: titleOf(queued.request.prompt, 200),
      accepted_at: queued.accepted_at,
      ...defined({ runs_by: runsBy(queued) }),
    })),
    outcomes: state.outcomes.slice(-SHOWN_OUTCOMES),
    refused: state.refused,
    ...defined({ notices: state.notices?.length, failed_notice: state.failed_notice }),
  };
}

/** Without what only choosing a session and the next brief need. */
function sessionView(
  {
    line: _line,
    left: _left,
    brief_due: _due,
    refused_as: _refused,
    goals_due: _goals,
    ground: _ground,
    ...session
  }: SessionRecord,
  current: string | null,
) {
  return { ...session, current: session.session_id === current };
}

function runningOf(running: RunningPrompt): NonNullable<TopicView['running']> {
  const { prompt, turn, session_id, started_at, waiting_for_host, waiting, fix, checking } = running;
  return {
    prompt_id: prompt.prompt_id,
    prompt: titleOf(prompt.request.prompt, 200),
    turn,
    session_id,
    started_at,
    ...defined({ waiting_for_host, waiting, asks: asksOf(running), fix }),
    ...(checking && { checking }),
  };
}

export function promptStateOf(state: TopicState, running: RunningPrompt | undefined, promptId: PromptId): PromptState {
  const prompt_id = promptId;
  if (running && isOf(running, promptId)) {
    const { turn, session_id, started_at, waiting } = running;
    return { state: 'running', prompt_id, turn, session_id, started_at, ...defined({ waiting }) };
  }
  const index = state.queue.findIndex((one) => one.prompt_id === promptId);
  const queued = state.queue[index];
  if (queued) return { state: 'queued', prompt_id, position: index + 1, ...defined({ runs_by: runsBy(queued) }) };
  const outcome = outcomeOf(state, promptId);
  if (outcome) return { state: 'ended', prompt_id, outcome };
  if (isKnown(state, promptId)) return { state: 'ended', prompt_id };
  const refused = refusalOfId(state, promptId);
  return refused ? { state: 'refused', prompt_id, error: refused } : { state: 'unknown', prompt_id };
}

/** Whether the id names the prompt that is being worked on, or the prompt of its running fix. */
export function isOf({ prompt, loop }: RunningPrompt, promptId: PromptId): boolean {
  return prompt.prompt_id === promptId || loop?.prompt.prompt_id === promptId;
}

/** The current details in Markdown. Temporal takes at most 20,000 bytes. */
export function detailsOf(
  topic: TopicId,
  state: TopicState,
  running: RunningPrompt | undefined,
  ended: boolean,
): string {
  const session = state.sessions.find((one) => one.session_id === state.current);
  const life = lifeStateOf(state, running, ended);
  const lines = [
    `**${life}**${state.closing && !ended ? ' (closing)' : ''} · ${state.turns} ${state.turns === 1 ? 'turn' : 'turns'} · ${state.queue.length} queued`,
    '',
  ];
  if (state.used) lines.push(`Used: ${costOf(state.used)}${cachedWords(state.used)}`, '');
  const estimate = estimateOf(state.sessions);
  if (estimate) lines.push(`${estimateWords(estimate)}`, '');
  if (running?.waiting_for_host !== undefined) {
    lines.push(
      `Host ${code(running.waiting_for_host)} does not answer; the turn goes on when a worker is started there: \`continuity worker\``,
      '',
    );
  }
  if (running?.waiting) lines.push(...waitingLines(topic, running.waiting), '');
  lines.push('### Session', '');
  if (session) {
    const { agent, model, category, project, cwd, host } = session.pinned;
    lines.push(
      `- session_id: ${code(session.session_id)}`,
      `- agent: ${inline(agent)}${model === undefined ? '' : ` · model: ${inline(model)}`}${category === undefined ? '' : ` · category: ${inline(category)}`}`,
      `- project: ${inline(project)}`,
      `- directory: ${inline(cwd)} on host ${inline(host)}`,
    );
    // The page is not drawn anew when the session goes cold.
    if (session.context) lines.push(`- context: ${contextWords(session.context, 0, readable)}`);
  } else lines.push('None yet.');
  for (const one of state.sessions) if (one !== session) lines.push(otherSessionLine(one));
  if (running) lines.push('', '### Running', '', runningLine(running));
  lines.push('', '### Queue', '');
  if (state.queue.length === 0) lines.push('Empty.');
  for (const [index, queued] of state.queue.slice(0, 20).entries()) {
    const by = runsBy(queued);
    const held = by === undefined ? '' : `, until the session is warm, at latest ${readable(by)}`;
    lines.push(`${index + 1}. ${promptLine(queued)}${held}`);
  }
  if (state.queue.length > 20) lines.push('', `… and ${state.queue.length - 20} more.`);
  lines.push('', '### Last outcomes', '');
  if (state.outcomes.length === 0) lines.push('None yet.');
  for (const result of state.outcomes.slice(-8).reverse()) lines.push(outcomeLine(result));
  for (const { error, at } of state.refused.slice(-3))
    lines.push(`- refused at ${readable(at)}: **${error.code}** ${inline(error.message)}`);
  lines.push('', '### Go on', '', '```', `continuity delegate --topic ${shellWord(topic)} 'Fix: …'`);
  if (state.current !== null) lines.push(`continuity delegate --session ${shellWord(state.current)} 'Fix: …'`);
  lines.push('```');
  return cutToBytes(lines.join('\n'), 20_000);
}

function waitingLines(topic: TopicId, waiting: Waiting): string[] {
  const name = shellWord(topic);
  if (waiting.for !== 'answer')
    return [
      `**Waits** until ${readable(waiting.until)}: ${waiting.because.code}: ${inline(waiting.because.message)}`,
      '',
      `Go on at once: \`continuity retry ${name}\` · end the turn: \`continuity cancel ${name}\``,
    ];
  const { ask, until } = waiting;
  const by = ask.session_id === undefined ? '' : ` of sub-agent ${code(ask.session_id)}`;
  return [
    `**Asks**${by} until ${readable(until)}: ${ask.kind}${ask.tool === undefined ? '' : ` for ${inline(ask.tool)}`}: ${inline(ask.text)}`,
    ...(ask.options ?? []).slice(0, 20).map(({ label }) => `- ${inline(label)}`),
    '',
    `Answer: \`continuity answer ${name} ${ask.kind === 'question' ? "'…'" : '--allow'}\`${ask.budget ? ' · `--always` · a new limit' : ask.kind === 'cold' ? (ask.options ?? []).map(({ label }) => ` · ${code(label)}`).join('') : ''} · \`--deny\``,
  ];
}

/** e.g. `- also: ses_1 · codex` or `- lost: ses_1 · codex` */
function otherSessionLine({ session_id, lost, pinned }: SessionRecord): string {
  return `- ${lost ?? 'also'}: ${code(session_id)} · ${inline(pinned.agent)}`;
}

function runningLine({ turn, prompt, fix, checking, started_at }: RunningPrompt): string {
  const fixing = fix === undefined ? '' : `, fix ${fix}`;
  return `- turn ${turn}${fixing}${checking ? ', its checks run' : ''}: ${promptLine(prompt)}, since ${readable(started_at)}`;
}

function outcomeLine(result: TurnResult): string {
  const { turn, status, session, error, checks, usage } = result;
  const kind = [choiceWords(session), checks && checksOf(checks)].filter(Boolean).join(', ');
  const cost = usage ? `, ${costOf(usage)}` : '';
  const said = error ? `${error.code}: ${error.message}` : titleOf(result.reply, 160);
  return `- turn ${turn} **${status}** (${inline(kind)}, ${(result.duration_ms / 1000).toFixed(1)} s${cost}): ${inline(said)}`;
}

function costOf(usage: Usage): string {
  return `${atLeast(usage)}${tokensOf(usage)} tokens${usage.cost_usd ? `, $${usage.cost_usd.toFixed(2)}` : ''}`;
}

/** e.g. `checks passed after 2 fixes` */
export function checksOf({ passed, rounds }: Checks): string {
  const fixes = rounds.length - 1;
  return `checks ${passed ? 'passed' : 'not passed'}${fixes === 0 ? '' : ` after ${fixes} ${fixes === 1 ? 'fix' : 'fixes'}`}`;
}

function promptLine({ prompt_id, request }: QueuedPrompt): string {
  return `${inline(titleOf(request.prompt, 120))} · ${code(prompt_id)}`;
}

/** The Web UI's own format, without `T` and milliseconds. */
function readable(isoTime: string): string {
  return `${isoTime.slice(0, 19).replace('T', ' ')} UTC`;
}

/** An id in a form that can be copied. */
function code(id: string): string {
  return id.includes('`') ? inline(id) : `\`${id}\``;
}

/**
 * Escapes a foreign text for our Markdown: on one line, with no character that Markdown or HTML
 * reads as markup.
 */
function inline(text: string): string {
  return titleOf(text, 200).replace(/[\\`*_[\]<>#|&~]|^[-+]/g, (character) => `\\${character}`);
}
