/**
 * A form that an agent wants filled in (`elicitation/create`) → questions to a person, one for each
 * of its fields, and what the agent is answered once all of them were. Pure.
 */
import * as z from 'zod';
import type { Answer, Ask } from '../../contract/asks.js';
import { fieldsOf, type Field, type Value } from './form-fields.js';
import type { Asking } from './open-asks.js';
import { subAgentOf, type Asker } from './permission.js';
import { shown } from './shown-text.js';

const text = z.string().nullish().catch(undefined);
const Elicited = z.object({
  mode: text,
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
  readonly #content: Record<string, Value> = {};
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
        this.#open[at] = this.#again(open, reply);
        return undefined;
      }
      this.#replied = true;
      Object.assign(this.#content, values);
    }
    this.#open.splice(at, 1);
    if (this.#open.length > 0) return undefined;
    if (!this.#replied) return DECLINED;
    return { action: 'accept', ...(Object.keys(this.#content).length > 0 && { content: this.#content }) };
  }

  /** Under another name, because the one before was answered. */
  #again({ field, ask }: OpenField, reply: string): OpenField {
    this.#tries++;
    const refused = `"${shown(reply, LABEL)}" is not what can be answered here.`;
    const text = shown([refused, this.message, field.text].filter(Boolean).join('\n'));
    return { field, ask: { ...ask, ask_id: `${this.id}.again${this.#tries}`, text } };
  }
}
