/**
 * A form that an agent wants filled in (`elicitation/create`) → questions to a person, one for each
 * of its fields, and what the agent is answered once all of them were. Pure.
 */
import * as z from 'zod';
import type { Answer, Ask } from '../../contract/asks.js';
import { fieldsOf, type Field, type Value } from './form-fields.js';
import type { Asking } from './open-asks.js';
import { againAfter, subAgentOf, type Asker } from './permission.js';
import { shown } from './shown-text.js';

const text = z.string().nullish().catch(undefined);
const Elicited = z.object({
  message: text,
  url: text,
  sessionId: z.unknown().optional(),
  toolCallId: text,
  requestedSchema: z.unknown().optional(),
});

const DECLINED = { action: 'decline' };
const LABEL = 200;

export function questionOf(id: string, params: unknown, asker: Asker): Asking {
  const { message, url, sessionId, toolCallId, requestedSchema } = Elicited.catch({
    sessionId: undefined,
    requestedSchema: undefined,
  }).parse(params ?? {});
  const tool = asker.call(toolCallId ?? '')?.tool;
  const about = { ...(tool !== undefined && { tool: shown(tool, LABEL) }), ...subAgentOf(sessionId, asker.session) };
  return new Form(id, about, [message, url].filter(Boolean).join('\n'), fieldsOf(requestedSchema));
}

/** A person agrees to what the message says, e.g. to open an address. */
const AGREEMENT: Field = { isRequired: true, text: '', read: () => ({}) };

interface OpenField {
  field: Field;
  ask: Ask;
}

class Form implements Asking {
  readonly #content = new Map<string, Value>();
  #replied = false;
  #tries = 0;
  #open: OpenField[];

  constructor(
    private readonly id: string,
    about: Pick<Ask, 'tool' | 'session_id'>,
    private readonly message: string,
    fields: readonly Field[],
  ) {
    this.#open = (fields.length > 0 ? fields : [AGREEMENT]).map((field, index) => ({
      field,
      ask: {
        ask_id: index === 0 ? id : `${id}.${index}`,
        kind: 'question',
        ...about,
        text: shown([message, field.text].filter(Boolean).join('\n')) || 'The agent asks, and does not say what.',
        ...(field.options && { options: field.options }),
        takes: ['reply', 'deny'],
      },
    }));
  }

  get asks(): readonly Ask[] {
    return this.#open.map(({ ask }) => ask);
  }

  /**
   * A denial skips a field that may be left out, and declines the whole form else. A reply that the
   * field does not take is asked for again.
   */
  take({ ask_id }: Ask, { decision, text: reply = '' }: Answer): object | undefined {
    const at = this.#open.findIndex(({ ask }) => ask.ask_id === ask_id);
    const open = this.#open[at];
    if (!open) return undefined;
    if (decision === 'deny') {
      if (open.field.isRequired) return DECLINED;
    } else {
      const values = open.field.read(reply);
      if (!values) {
        const { field, ask } = open;
        const asked = shown([this.message, field.text].filter(Boolean).join('\n'));
        this.#open[at] = { field, ask: { ...ask, ...againAfter(reply, asked, this.id, ++this.#tries) } };
        return undefined;
      }
      this.#replied = true;
      for (const [key, value] of Object.entries(values)) this.#content.set(key, value);
    }
    this.#open.splice(at, 1);
    if (this.#open.length > 0) return undefined;
    if (!this.#replied) return DECLINED;
    return { action: 'accept', ...(this.#content.size > 0 && { content: Object.fromEntries(this.#content) }) };
  }
}
