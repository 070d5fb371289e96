/** The fields of a form that an agent wants filled in, and how a reply fills one: pure. */
import * as z from 'zod';
import type { Ask } from '../../contract/asks.js';
import { shown } from './shown-text.js';

export type Value = string | number | boolean | string[];

export interface Field {
  isRequired: boolean;
  /** What is asked. */
  text: string;
  options?: NonNullable<Ask['options']>;
  /** By key of the form, e.g. none where the field is left out. undefined: the field does not take it. */
  read(reply: string): Record<string, Value> | undefined;
}

const text = z.string().nullish().catch(undefined);
const number = z.number().nullish().catch(undefined);
const Choice = z.union([
  z.object({ const: z.string(), title: text, description: text }),
  z.string().transform((value) => ({ const: value, title: undefined, description: undefined })),
]);
type Choice = z.infer<typeof Choice>;
const choices = z
  .array(z.unknown())
  .nullish()
  .catch(undefined)
  .transform((all) => all?.flatMap((one) => Choice.safeParse(one).data ?? []));
const Property = z.object({
  type: text,
  title: text,
  description: text,
  enum: choices,
  oneOf: choices,
  items: z.object({ enum: choices, anyOf: choices }).optional().catch(undefined),
  minimum: number,
  maximum: number,
});
type Property = z.infer<typeof Property>;
const Schema = z.object({
  properties: z.record(z.string(), z.unknown()).catch({}),
  required: z.array(z.unknown()).nullish().catch(undefined),
});

const MOST_FIELDS = 50;
const MOST_OFFERED = 50;
const LABEL = 200;

/**
 * Some agents let a person choose, and have a field after that for an answer that is none of the
 * choices (claude-agent-acp 0.101.0). That field is not asked for: a reply that is none of them
 * fills it.
 */
export function fieldsOf(schema: unknown): Field[] {
  const { properties, required } = Schema.catch({ properties: {}, required: undefined }).parse(schema ?? {});
  const all = Object.entries(properties)
    .slice(0, MOST_FIELDS)
    .map(([key, property]) => {
      const known = Property.catch({ enum: undefined, oneOf: undefined }).parse(property ?? {});
      return { key, property: known, choices: choicesOf(known), isRequired: required?.includes(key) ?? false };
    });
  type Known = (typeof all)[number];
  const isFree = (one: Known | undefined) => one?.property.type === 'string' && !one.choices && !one.isRequired;
  const canBeOther = (one: Known | undefined) => one?.choices !== undefined && !one.isRequired && !isBoolean(one);
  return all.flatMap((one, index) => {
    const [before, after] = [all[index - 1], all[index + 1]];
    if (isFree(one) && canBeOther(before)) return [];
    return [fieldOf(one, canBeOther(one) && isFree(after) ? after?.key : undefined)];
  });
}

const isBoolean = ({ property }: { property: Property }) => property.type === 'boolean';

function choicesOf({ type, ...property }: Property): Choice[] | undefined {
  if (type === 'boolean') return YES_AND_NO;
  const offered = property.oneOf ?? property.enum ?? property.items?.anyOf ?? property.items?.enum;
  return offered?.length ? offered : undefined;
}

const YES_AND_NO: Choice[] = [
  { const: 'true', title: 'Yes' },
  { const: 'false', title: 'No' },
];

interface Described {
  key: string;
  property: Property;
  choices: Choice[] | undefined;
  isRequired: boolean;
}

function fieldOf({ key, property, choices: offered, isRequired }: Described, other: string | undefined): Field {
  const { title, description } = property;
  const named = title ?? (description == null ? key : undefined);
  const options = offered?.slice(0, MOST_OFFERED).map((choice) => ({
    label: shown(labelOf(choice), LABEL),
    ...(choice.description && { description: shown(choice.description, LABEL) }),
  }));
  return {
    isRequired,
    text: [[named, description].filter(Boolean).join(': '), hintOf(property, other)].filter(Boolean).join(' '),
    ...(options && { options }),
    read: (reply) => {
      if (reply.trim() === '' && !isRequired) return {};
      const { value, rest } = valueOf(property, offered, reply);
      if (rest !== undefined && other === undefined) return undefined;
      return { ...(value !== undefined && { [key]: value }), ...(rest !== undefined && other && { [other]: rest }) };
    },
  };
}

function hintOf({ type, minimum, maximum }: Property, other: string | undefined): string {
  if (other !== undefined) return type === 'array' ? '(several, or any text, one a line)' : '(or any other text)';
  if (type === 'array') return '(several can be named, one a line)';
  if (type !== 'number' && type !== 'integer') return '';
  const bounds = [minimum == null ? '' : `from ${minimum}`, maximum == null ? '' : `to ${maximum}`];
  return `(${[type === 'integer' ? 'a whole number' : 'a number', ...bounds].filter(Boolean).join(' ')})`;
}

/** `rest`: what the field does not take. */
function valueOf(property: Property, offered: Choice[] | undefined, reply: string): { value?: Value; rest?: string } {
  const { type } = property;
  if (type === 'number' || type === 'integer') return numberIn(property, reply.trim());
  if (!offered) return { value: type === 'array' ? linesOf(reply) : reply };
  const chosen = chosenIn(offered, reply);
  if (type !== 'array') {
    if (!chosen) return { rest: reply.trim() };
    return { value: type === 'boolean' ? chosen.const === 'true' : chosen.const };
  }
  const named = chosen ? [reply] : linesOf(reply);
  const parts = named.flatMap((line) => (chosenIn(offered, line) ? [line] : line.split(',').map((one) => one.trim())));
  const value = parts.flatMap((part) => chosenIn(offered, part)?.const ?? []);
  const rest = parts.filter((part) => part !== '' && !chosenIn(offered, part)).join(', ');
  return { ...(value.length > 0 && { value: [...new Set(value)] }), ...(rest !== '' && { rest }) };
}

function numberIn({ type, minimum, maximum }: Property, reply: string): { value?: Value; rest?: string } {
  const value = Number(reply);
  const isNumber = reply !== '' && (type === 'integer' ? Number.isInteger(value) : Number.isFinite(value));
  return isNumber && value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity) ? { value } : { rest: reply };
}

const linesOf = (reply: string) =>
  reply
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

const labelOf = (choice: Choice) => choice.title?.trim() || choice.const;

function chosenIn(offered: readonly Choice[], reply: string): Choice | undefined {
  const said = reply.trim().toLowerCase();
  const names = (choice: Choice) => [labelOf(choice), shown(labelOf(choice), LABEL), choice.const];
  return offered.find((choice) => names(choice).some((name) => name.toLowerCase() === said));
}
