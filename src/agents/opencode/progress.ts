/** Translates OpenCode's events of one turn to signals. */
import type { AssistantMessage, Part, SessionStatus } from '@opencode-ai/sdk/v2/client';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { AgentSignal, PromptKey } from '../driver.js';
import { sessionOf, type OpenCodeEvent } from './events.js';
import { failureOf, isAbort } from './failures.js';
import { askedAgain } from '../shared/asked-again.js';
import { COMPACTS } from '../shared/compactions.js';
import { isoOf } from '../shared/usage-limits.js';
import { stepOf } from './steps.js';
import { subAgentOf } from './sub-agents.js';
import type { StoredAnswer } from './turn-state.js';
import { hasEnded, usageOfStep } from './usage.js';

/** How many characters of the text so far are kept. */
const TAIL = 400;
const WORKING: readonly OpenCodeEvent['type'][] = ['message.part.updated', 'message.part.delta'];

export class Following {
  /** The sessions of sub-agents at any depth. Their work is progress of this turn. */
  readonly #children = new Set<string>();
  readonly #answers = new Set<string>();
  /** What waits for a person, in words, by the id of the request. */
  readonly #asks = new Map<string, string>();
  #text = '';
  #textPart = '';
  /** Whether the session's own agent has nothing to do. */
  #isIdle = false;

  constructor(
    readonly session: SessionId,
    readonly key: PromptKey,
    private on: (signal: AgentSignal) => void,
  ) {}

  /**
   * Takes in what the turn did before it was followed.
   *
   * @returns what it did, as signals
   */
  begin(answers: StoredAnswer[]): AgentSignal[] {
    const done: AgentSignal[] = [];
    const live = this.on;
    this.on = (signal) => done.push(signal);
    for (const { info, parts } of answers) {
      this.#answer(info);
      for (const part of parts) this.#part(part);
    }
    this.on = live;
    return done;
  }

  event(event: OpenCodeEvent): void {
    if (event.type === 'session.created' || event.type === 'session.updated') {
      const { id, parentID } = event.properties.info;
      if (parentID !== undefined && (parentID === this.session || this.#children.has(parentID))) this.#children.add(id);
      return;
    }
    // The requests of a server end with it. Those of one that still runs are found by `asks`.
    if (event.type === 'server.connected' && this.#asks.size > 0) {
      this.#asks.clear();
      return this.on({ type: 'blocked' });
    }
    const session = sessionOf(event);
    if (session !== undefined && (session === this.session || this.#children.has(session)))
      this.#ask(event, session === this.session ? '' : 'a sub-agent ');
    const isChild = session !== undefined && this.#children.has(session);
    // Output of a tool, reasoning, and all that a sub-agent does.
    if ((isChild || session === this.session) && WORKING.includes(event.type)) this.on({ type: 'worked' });
    if (isChild) this.#child(event);
    if (session === this.session) this.#own(event);
  }

  /** Sub-agents that were found at work. */
  knows(subAgents: readonly string[]): void {
    for (const one of subAgents) this.#children.add(one);
  }

  /** The status of each session that works. The turn waits for its provider if a sub-agent does. */
  statuses(all: Partial<Record<string, SessionStatus>>): void {
    this.#isIdle = (all[this.session]?.type ?? 'idle') === 'idle';
    const waits = [this.session, ...this.#children].map((id) => all[id]).find((one) => one?.type === 'retry');
    this.#status(waits ?? { type: 'busy' });
  }

  /** OpenCode gives the reason only as text (1.18.33). */
  #status(status: SessionStatus): void {
    if (status.type !== 'retry') return this.on({ type: 'refused' });
    const said = status.message.replace(/\s+/g, ' ').trim().slice(0, 200);
    // A sub-agent in the background is refused. The agent's own answer has ended, so this turn
    // could not go on if it were cut off.
    if (this.#isIdle) return this.on({ type: 'did', step: `the provider refuses for now: ${said}` });
    const until = isoOf(status.next);
    const at = `${until?.slice(0, 19)}Z`;
    this.on({
      type: 'refused',
      because: failure(
        'AGENT_RATE_LIMITED',
        `The provider refused for now: ${said}. It would have been asked again at ${at}.`,
      ),
      ...defined({ until }),
    });
    this.on({ type: 'did', step: askedAgain(said, until) });
  }

  #own(event: OpenCodeEvent): void {
    switch (event.type) {
      case 'session.error': {
        const { error } = event.properties;
        return this.on(
          error && !isAbort(error) ? { type: 'broke_off', because: failureOf(error, this.session) } : { type: 'moved' },
        );
      }
      case 'session.idle':
        this.#isIdle = true;
        return this.on({ type: 'moved' });
      case 'session.status':
        this.#isIdle = event.properties.status.type === 'idle';
        this.#status(event.properties.status);
        return this.on({ type: 'moved' });
      case 'message.updated': {
        const { info } = event.properties;
        if (info.role === 'assistant') this.#answer(info);
        else if (info.id !== this.key) this.on({ type: 'prompted' });
        return;
      }
      case 'message.part.updated':
        return this.#part(event.properties.part);
      case 'message.part.delta':
        if (event.properties.field === 'text' && event.properties.partID === this.#textPart)
          this.#say(this.#text + event.properties.delta);
        return;
      default:
        return; // Events about other things than turns.
    }
  }

  #ask(event: OpenCodeEvent, who: string): void {
    switch (event.type) {
      case 'permission.asked': {
        const { id, permission, patterns } = event.properties;
        this.#asks.set(id, `${who}waits for permission: ${permission} ${patterns.join(' ')}`);
        break;
      }
      case 'question.asked': {
        const { id, questions } = event.properties;
        this.#asks.set(id, `${who}waits for an answer: ${questions[0]?.question ?? ''}`);
        break;
      }
      case 'permission.replied':
      case 'question.replied':
      case 'question.rejected':
        this.#asks.delete(event.properties.requestID);
        break;
      default:
        return; // Events about other things than asks.
    }
    const [on] = this.#asks.values();
    this.on({ type: 'blocked', ...defined({ on }) });
  }

  /** A sub-agent works in a session of its own. Its text is no text of this turn. */
  #child(event: OpenCodeEvent): void {
    if (event.type === 'session.idle') return this.on({ type: 'moved' });
    if (event.type === 'session.status' && event.properties.status.type === 'retry')
      this.#status(event.properties.status);
    if (event.type === 'message.updated' && event.properties.info.role === 'assistant')
      return this.#used(event.properties.info);
    if (event.type !== 'message.part.updated') return;
    const { part } = event.properties;
    if (part.type === 'tool') this.on({ type: 'did', step: `sub-agent: ${stepOf(part.tool, part.state.input)}` });
    else if (part.type === 'step-start') this.on({ type: 'did', step: 'sub-agent: thinks' });
  }

  #answer(info: AssistantMessage): void {
    if (info.summary) this.on({ type: 'did', step: COMPACTS });
    else this.#answers.add(info.id);
    this.#used(info);
  }

  #used(info: AssistantMessage): void {
    this.on(hasEnded(info) ? { type: 'used', step: info.id, usage: usageOfStep(info) } : { type: 'worked' });
  }

  #part(part: Part): void {
    if (part.type === 'tool') {
      const subAgent = subAgentOf(part);
      if (subAgent !== undefined) this.#children.add(subAgent);
      this.on({ type: 'did', step: stepOf(part.tool, part.state.input) });
    }
    if (part.type === 'text' && !part.synthetic && this.#answers.has(part.messageID)) {
      this.#textPart = part.id;
      this.#say(part.text);
    }
  }

  #say(text: string): void {
    this.#text = text.slice(-TAIL);
    this.on({ type: 'did', text: this.#text });
  }
}
