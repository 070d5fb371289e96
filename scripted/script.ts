/**
 * The script of the scripted model: a pure function of the conversation in the request. A reply
 * therefore shows which messages reached the model. The last user message has directives, which are
 * executed in order:
 *
 *   [[say: text]]     answer this text              [[bash: cmd]]    call the bash tool, then go on
 *   [[tool: name {}]] call any tool with this input   [[also: cmd]]    call bash, too, in the same answer as the call before
 *   [[task: prompt]]  have a sub-agent do it; in its script, write `{{` for the brackets
 *   [[delegate: prompt]]  have another agent do it over MCP, in the session that the last answer named, if there is one
 *   [[slow: ms]]      wait first                    [[hang]]         never answer
 *   [[status: 401]]   fail; `[[status: 503 2]]` fails twice, then goes on
 *   [[retry-after: s]]  send this header in failed answers        [[headers: {}]]  send these
 *   [[body: {}]]      the body of failed answers   [[login: key]]  fail with 401 where the request has another key
 *   [[stream: ms]]  stream the answer that long, word by word     [[cut: n]]  break the connection in the middle of it, n times
 *   [[big: n]]        answer n characters            [[error: n]]     fail with a message of n characters more
 *   [[overflow]]      fail as a full context does; `[[overflow: 1]]` once, `[[overflow: always]]` fails the summary of it, too
 *   [[summary: ms]]   a summary of this conversation takes that long   [[summary: spent model]]   this model's limit is used up for it
 *   [[summary: status 400]]   it is refused so
 *   [[gone: model]]   refuse requests for this model, as a provider that no longer has it   [[spent: model]]   as one whose limit for it is used up
 *   [[empty]]         send an empty answer
 *   [[bad: text]]     refuse every request of a conversation that has this, as for an image that can't be read
 *   [[poison: text]]  answer as usual, then refuse every later prompt with this text, as for a corrupted session
 *   [[finish: why]]   end with another finish_reason
 */
export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | { type: string; text?: string }[] | null;
  tool_calls?: { id: string }[];
  tool_call_id?: string;
}

interface Call {
  name: string;
  arguments: object;
}

/** A failed answer. */
export interface Refusal {
  code: number;
  times: number;
  headers: Record<string, string>;
  /** Absent: an error of the API that was asked. */
  body?: string;
  longer: number;
}

export interface Step {
  slowMs: number;
  hang: boolean;
  status?: Refusal;
  /** How long the whole answer takes. */
  streamMs: number;
  /** How often the connection breaks in the middle of the answer. */
  cuts: number;
  refusal?: string;
  /** Only a request with this key is answered. */
  login?: string;
  overflow: { times: number };
  /** The models that the provider does not have, and those whose limit is used up. */
  gone?: string;
  spent?: string;
  text: string;
  call?: Call;
  /** Further calls in the same answer. Only OpenAI's chat completions have them here. */
  also?: Call[];
  finish: string;
}

const DIRECTIVE =
  /\[\[(say|bash|also|tool|task|delegate|slow|hang|status|retry-after|headers|body|login|error|stream|cut|big|summary|overflow|empty|finish|poison|bad|gone|spent)(?::\s*([\s\S]*?))?\]\](?!\])/g;
/** A longer text is streamed in bigger pieces than words. */
const BIG = 64 * 1024;
/** OpenCode's result for a tool that was running when its server died. */
export const INTERRUPTED = 'Tool execution was interrupted';

/** The pieces in which a text is streamed. */
export const piecesOf = (text: string): string[] =>
  text.match(text.length > BIG ? /[^]{1,4096}/g : /\S+\s*|\s+/g) ?? [];

/**
 * Limited, so that the agent does not compact by itself. The script decides when a context is full.
 */
export const tokensOf = (characters: number) => Math.min(Math.ceil(characters / 4), 50_000);

export function textOf(message: ChatMessage): string {
  if (typeof message.content === 'string') return message.content;
  return (message.content ?? []).map((part) => part.text ?? '').join('\n');
}

/** The user's own words, without the agent's additions and without our directives. */
function wordsOf(text: string): string {
  return text
    .replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '')
    .replace(DIRECTIVE, '')
    .trim();
}

const textsOfUsers = (messages: ChatMessage[]) => messages.filter(({ role }) => role === 'user').map(textOf);

export function asksIn(messages: ChatMessage[]): string[] {
  return textsOfUsers(messages).map((text) => text.replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '').trim());
}

function defaultReply(messages: ChatMessage[]): string {
  const asks = textsOfUsers(messages).map(wordsOf);
  const now = asks.pop() ?? '';
  const before = asks.map((ask) => `"${ask}"`).join(', ');
  return before ? `You asked before: ${before}. Now: "${now}".` : `You asked first: "${now}".`;
}

/**
 * How many tool calls since the last user message have a result. An interrupted call does not
 * count, because it has to be made again.
 */
function stepsDone(messages: ChatMessage[]): number {
  const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
  return since.filter((message) => message.role === 'tool' && !textOf(message).includes(INTERRUPTED)).length;
}

const newStep = (): Step => ({
  slowMs: 0,
  streamMs: 0,
  cuts: 0,
  hang: false,
  overflow: { times: 0 },
  text: '',
  finish: 'stop',
});

const bashCall = (command: string) => ({ name: 'bash', arguments: { command, description: command } });

function toolCall(argument: string): Call {
  const [, name = '', input = '{}'] = /^(\S+)\s*([^]*)$/.exec(argument) ?? [];
  return { name, arguments: JSON.parse(input || '{}') as object };
}

function taskCall(script: string) {
  const prompt = script.replaceAll('{{', '[[').replaceAll('}}', ']]');
  return { name: 'task', arguments: { description: 'a task', prompt, subagent_type: 'general' } };
}

/** Uses the `session_id` in the conversation, as a model would. */
function delegateCall(script: string, messages: ChatMessage[]) {
  const told = messages
    .filter(({ role }) => role === 'tool')
    .flatMap((message) => textOf(message).match(/(?<=^session_id: )\S+/gm) ?? []);
  const session_id = told.at(-1);
  return {
    name: 'continuity_delegate_task',
    arguments: { prompt: script, ...(session_id !== undefined && { session_id }) },
  };
}

function callOf(name: string | undefined, argument: string, messages: ChatMessage[]): Call {
  if (name === 'task') return taskCall(argument);
  if (name === 'tool') return toolCall(argument);
  return name === 'delegate' ? delegateCall(argument, messages) : bashCall(argument);
}

/** The steps of a prompt. Every tool call ends a step. The rest is the last step. */
function stepsOf(prompt: string, messages: ChatMessage[]): Step[] {
  const steps: Step[] = [];
  let step = newStep();
  let silent = false;
  let together = 0;
  for (const [, name, argument = ''] of prompt.matchAll(DIRECTIVE)) {
    if (name === 'say') step.text += argument;
    else if (name === 'slow') step.slowMs += Number(argument);
    else if (name === 'stream') step.streamMs = Number(argument);
    else if (name === 'cut') step.cuts = Number(argument);
    else if (name === 'big')
      step.text += 'All work and no play. '.repeat(Math.ceil(Number(argument) / 22)).slice(0, Number(argument));
    else if (name === 'retry-after' && step.status) step.status.headers['retry-after'] = argument;
    else if (name === 'headers' && step.status) Object.assign(step.status.headers, JSON.parse(argument));
    else if (name === 'body' && step.status) step.status.body = argument;
    else if (name === 'login') step.login = argument;
    else if (name === 'error' && step.status) step.status.longer = Number(argument);
    else if (name === 'hang') step.hang = true;
    else if (name === 'overflow') step.overflow = { times: Number(argument) || Infinity };
    else if (name === 'finish') step.finish = argument;
    else if (name === 'empty') silent = true;
    else if (['summary', 'poison', 'bad', 'gone', 'spent'].includes(name ?? '')) continue;
    else if (name === 'status') {
      const [code, times] = argument.split(' ');
      step.status = { code: Number(code), times: times ? Number(times) : Infinity, headers: {}, longer: 0 };
    } else {
      const call = callOf(name, argument, messages);
      // It is a step of its own, too, for when only the calls before it have a result.
      if (name === 'also') for (const one of steps.slice(together)) one.also = [...(one.also ?? []), call];
      else together = steps.length;
      steps.push({ ...step, call, finish: 'tool_calls' });
      step = newStep();
    }
  }
  steps.push({ ...step, text: step.text || (silent ? '' : defaultReply(messages)) });
  return steps;
}

export function nextStep(messages: ChatMessage[]): Step {
  const asks = textsOfUsers(messages);
  const bad = badIn(messages);
  const prompt = asks.pop() ?? '';
  const refusal = bad ?? asks.join('\n').match(/\[\[poison:\s*(.*?)\]\]/)?.[1];
  if (refusal !== undefined) return { ...newStep(), refusal };
  const steps = stepsOf(prompt, messages);
  const step = steps[Math.min(stepsDone(messages), steps.length - 1)] ?? newStep();
  if (isForSummary(prompt)) Object.assign(step, summaryOf(messages));
  const named = (directive: string) => new RegExp(`\\[\\[${directive}: (.*?)\\]\\]`).exec(prompt)?.[1];
  const [gone, spent] = [named('gone'), named('spent')];
  return { ...step, ...(gone !== undefined && { gone }), ...(spent !== undefined && { spent }) };
}

/** Claude Code asks for a summary with the tools of the conversation. */
const isForSummary = (prompt: string) => prompt.includes('create a detailed summary of');

function summaryOf(messages: ChatMessage[]): Partial<Step> {
  const all = messages.map(textOf).join('\n');
  const [, ms = 0] = /\[\[summary: (\d+)\]\]/.exec(all) ?? [];
  const [, status] = /\[\[summary: status (\d+)\]\]/.exec(all) ?? [];
  const refused = { code: Number(status), times: Infinity, headers: {}, longer: 0 };
  return { slowMs: Number(ms), ...(status !== undefined && { status: refused }) };
}

const badIn = (messages: ChatMessage[]) =>
  messages
    .map(textOf)
    .join('\n')
    .match(/\[\[bad:\s*(.*?)\]\]/)?.[1];

/**
 * The answer to a request that the agent makes for itself: a title, or a summary of a conversation
 * that has become too long.
 */
export function asideStep(messages: ChatMessage[]): Step {
  const all = messages.map(textOf).join('\n');
  const refusal = badIn(messages);
  const spent = /\[\[summary: spent (.*?)\]\]/.exec(all)?.[1];
  return {
    ...newStep(),
    ...summaryOf(messages),
    ...(refusal !== undefined && { refusal }),
    ...(spent !== undefined && { spent }),
    text: 'Scripted',
    overflow: { times: all.includes('[[overflow: always]]') ? Infinity : 0 },
  };
}
