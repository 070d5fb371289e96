/**
 * What MCP servers ask through Codex: whether a tool may be called, a form, or a page to open
 * (0.169.0).
 */
import * as z from 'zod';
import type { Answer, Ask } from '../../contract/asks.js';
import { askName, askOptions, askText } from '../shared/ask-text.js';
import type { Asked, Form } from './forms.js';

const text = z.string().optional().catch(undefined);
const Property = z.object({
  type: text,
  title: text,
  description: text,
  enum: z.array(z.string()).optional().catch(undefined),
  enumNames: z.array(z.string()).optional().catch(undefined),
  oneOf: z
    .array(z.object({ const: z.string(), title: text }))
    .optional()
    .catch(undefined),
});
type Property = z.infer<typeof Property>;

const Elicitation = z.object({
  serverName: text,
  message: text,
  url: text,
  requestedSchema: z
    .object({ properties: z.record(z.string(), Property).catch({}) })
    .optional()
    .catch(undefined),
  _meta: z
    .object({
      codex_approval_kind: text,
      tool_name: text,
      tool_params: z.unknown().optional(),
      persist: z
        .union([z.string(), z.array(z.string())])
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});
type Elicitation = z.infer<typeof Elicitation>;

const fieldsOf = ({ requestedSchema }: Elicitation) => Object.entries(requestedSchema?.properties ?? {});

export const elicitation: Form = {
  ask(params): Asked {
    const asked = Elicitation.parse(params);
    const { serverName = '', message = '', url, _meta } = asked;
    if (_meta?.codex_approval_kind === 'mcp_tool_call') return toolCall(asked);
    const fields = fieldsOf(asked);
    const said = askText(
      [`${serverName}: ${message}`, ...(url === undefined ? [] : [url]), ...linesOf(fields)].join('\n'),
    );
    const tool = askName(serverName);
    if (fields.length === 0) return { kind: 'permission', tool, text: said, takes: ['allow', 'deny'] };
    return {
      kind: 'question',
      tool,
      text: said,
      ...askOptions(fields.length === 1 ? optionsOf(fields[0]?.[1]) : []),
      takes: ['reply', 'deny'],
    };
  },
  result(params, answer) {
    const asked = Elicitation.parse(params);
    const { decision } = answer;
    if (decision === 'deny') return { action: 'decline', content: null, _meta: null };
    return {
      action: 'accept',
      content: contentOf(fieldsOf(asked), answer),
      _meta: decision === 'always' ? { persist: 'session' } : null,
    };
  },
};

function toolCall({ serverName = '', message = '', _meta }: Elicitation): Asked {
  const { tool_name: tool, tool_params: params, persist = [] } = _meta ?? {};
  const input = params === undefined ? '' : JSON.stringify(params);
  const takes: Ask['takes'] = [persist].flat().includes('session') ? ['allow', 'always', 'deny'] : ['allow', 'deny'];
  return {
    kind: 'permission',
    tool: askName(tool === undefined ? serverName : `${serverName}.${tool}`),
    text: askText([message, input].join('\n')),
    takes,
  };
}

/** What several fields are. The reply has a line for each of them. */
function linesOf(fields: [string, Property][]): string[] {
  const lines = fields.map(([name, property]) => {
    const about = [property.title, property.description].filter((said) => said !== undefined && said !== name);
    const labels = fields.length > 1 ? optionsOf(property).map(({ label }) => label) : [];
    return `- ${[name, ...about].join(': ')}${labels.length > 0 ? ` (${labels.join(' | ')})` : ''}`;
  });
  return fields.length > 1 ? [...lines, `Reply with ${fields.length} lines, one for each.`] : lines;
}

function optionsOf(property: Property | undefined): { label: string; description?: string | undefined }[] {
  if (property?.type === 'boolean') return [{ label: 'true' }, { label: 'false' }];
  const { enum: values, enumNames: names, oneOf = [] } = property ?? {};
  const found = values?.map((label, at) => ({ label, description: names?.[at] }));
  return found ?? oneOf.map(({ const: label, title }) => ({ label, description: title }));
}

function contentOf(fields: [string, Property][], { text: said = '' }: Answer): object {
  const lines = fields.length > 1 ? said.split('\n') : [said];
  return Object.fromEntries(fields.map(([name, property], at) => [name, valueOf(property, lines[at]?.trim() ?? '')]));
}

function valueOf({ type }: Property, said: string): unknown {
  if (type === 'boolean') return /^(true|yes|y|1)$/i.test(said);
  if (type === 'number' || type === 'integer') return Number(said);
  return type === 'array' ? said.split(',').map((one) => one.trim()) : said;
}
