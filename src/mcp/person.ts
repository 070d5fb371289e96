/**
 * Asks the person at the client what a turn asks, through the client's elicitation. The question stays
 * with the client when its call has ended, because a person takes longer than a call may. Each ask is
 * put once.
 */
import type { ElicitRequestFormParams, ElicitResult } from '@modelcontextprotocol/server';
import { SessionError } from '../client/session-error.js';
import type { SessionManager } from '../client/session-manager.js';
import { oneLine } from '../client/one-line.js';
import { DECISIONS, type AnswerRequest, type Ask, type Decision, type Waiting } from '../contract/asks.js';

export type Elicit = (
  params: ElicitRequestFormParams,
  options: { signal: AbortSignal; timeout: number },
) => Promise<ElicitResult>;

export type WaitsForAnswer = Waiting & { for: 'answer' };

interface Question {
  topic: string;
  /** Whether the ask is answered. `false`: the person declined, or nobody answered here. */
  answered: Promise<boolean>;
  withdraw: () => void;
}

const MOST_REMEMBERED = 100;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Person {
  readonly #questions = new Map<string, Question>();

  constructor(private readonly elicit: Elicit) {}

  /** Asks, unless it is asked already. @returns whether the ask is answered */
  async asked(
    topic: string,
    waiting: WaitsForAnswer,
    using: <T>(work: (manager: SessionManager) => Promise<T>) => Promise<T>,
  ): Promise<boolean> {
    const { ask_id } = waiting.ask;
    const name = JSON.stringify([topic, ask_id]);
    const known = this.#questions.get(name);
    if (known) return known.answered;
    const withdrawn = new AbortController();
    const answered = this.#answer(topic, waiting, withdrawn.signal, (answer) =>
      using((manager) => manager.answer(topic, answer)),
    );
    this.#questions.set(name, { topic, answered, withdraw: () => withdrawn.abort() });
    const [oldest] = this.#questions.keys();
    if (this.#questions.size > MOST_REMEMBERED && oldest !== undefined) this.#questions.delete(oldest);
    return answered;
  }

  /** Takes back what the topic no longer asks. */
  withdraw(topic: string, except?: string): void {
    const kept = except === undefined ? undefined : JSON.stringify([topic, except]);
    for (const [name, question] of this.#questions) if (question.topic === topic && name !== kept) question.withdraw();
  }

  async #answer(
    topic: string,
    { ask, until }: WaitsForAnswer,
    signal: AbortSignal,
    send: (answer: AnswerRequest) => Promise<unknown>,
  ): Promise<boolean> {
    const left = Date.parse(until) - Date.now();
    const timeout = Math.max(1, Math.min(left, LONGEST_TIMER_MS));
    try {
      const answer = answerIn(ask, await this.elicit(formOf(topic, ask), { signal, timeout }));
      if (!answer) return false;
      await send(answer);
      return true;
    } catch (error) {
      // Somebody else has answered. In every other case the ask is open, and can be answered.
      return signal.aborted || (error instanceof SessionError && error.code === 'ASK_UNKNOWN');
    }
  }
}

/** The form that a client shows. */
export function formOf(
  topic: string,
  { kind, tool, text, options = [], takes, session_id }: Ask,
): ElicitRequestFormParams {
  const by = session_id === undefined ? 'The agent' : `A sub-agent (${session_id})`;
  if (kind === 'budget')
    return decisionForm(
      `Topic ${topic}: ${text}`,
      takes,
      'allow: as much again. always: no limit any more. deny: the turn ends. reply: a new limit.',
      { title: 'New limit', description: 'Only with reply: a number.' },
    );
  if (kind === 'cold')
    return decisionForm(
      `Topic ${topic}: ${text}`,
      takes,
      'allow: the prompt goes on. deny: it ends, and is not put in. reply: what the text names.',
      { title: 'Instead', description: `Only with reply: ${options.map(({ label }) => label).join(' or ')}.` },
    );
  if (kind === 'question') {
    const labels = [...new Set(options.map(({ label }) => label))];
    return {
      message: `${by} of topic ${topic} has a question:\n${text}`,
      requestedSchema: {
        type: 'object',
        properties: {
          ...(labels.length > 0 && { choice: { type: 'string', title: 'Choice', enum: labels } }),
          text: {
            type: 'string',
            title: labels.length > 0 ? 'Or in your own words' : 'Reply',
          },
        },
        ...(labels.length === 0 && { required: ['text'] }),
      },
    };
  }
  return decisionForm(
    `${by} of topic ${topic} asks for permission${tool === undefined ? '' : ` to use ${oneLine(tool)}`}:\n${text}`,
    takes.filter((one) => one !== 'reply'),
    'allow: this once. always: also the same again in this session. deny: the agent goes on without.',
    { title: 'Why', description: 'Only with deny: the agent reads it.' },
  );
}

function decisionForm(
  message: string,
  takes: Decision[],
  description: string,
  text: { title: string; description: string },
): ElicitRequestFormParams {
  return {
    message,
    requestedSchema: {
      type: 'object',
      properties: {
        decision: { type: 'string', title: 'Decision', description, enum: takes },
        text: { type: 'string', ...text },
      },
      required: ['decision'],
    },
  };
}

/** What the person answered. `undefined`: nothing, so the ask stays open. */
export function answerIn({ ask_id, kind }: Ask, { action, content }: ElicitResult): AnswerRequest | undefined {
  if (action !== 'accept' || !content) return undefined;
  const said = (name: string) => {
    const value = content[name];
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  if (kind === 'question') {
    const text = said('text') ?? said('choice');
    return text === undefined ? undefined : { decision: 'reply', text, ask_id };
  }
  const decision = DECISIONS.find((one) => one === said('decision'));
  if (decision === undefined) return undefined;
  const text = decision === 'deny' || decision === 'reply' ? said('text') : undefined;
  return { decision, ask_id, ...(text !== undefined && { text }) };
}
