/**
 * Translates the requests of Codex that a person can answer to asks, and answers to results
 * (0.169.0). Pure. A field with an unexpected type counts as absent.
 */
import * as z from 'zod';
import type { Answer, Ask } from '../../contract/asks.js';
import { askOptions, askText } from '../shared/ask-text.js';
import { scriptIn } from './script-in.js';
import { elicitation } from './elicitation.js';
import { inputOf, toolOf } from './tools.js';

export type Asked = Omit<Ask, 'ask_id' | 'session_id'>;

export interface Form {
  /** `input`: what the model has called the tool with, if the rollout has it. */
  ask(params: unknown, input: string | undefined): Asked;
  result(params: unknown, answer: Answer): object;
  /** Whether the result tells the model the text of a denial. */
  tellsWhy?: true;
}

const text = z.string().optional().catch(undefined);

/** Codex goes on after `decline`. `cancel` would stop its turn. */
const DECISIONS = { allow: 'accept', always: 'acceptForSession', deny: 'decline', reply: 'decline' } as const;

const Command = z.object({
  kind: text,
  command: text,
  cwd: text,
  networkApprovalContext: z.object({ host: text, protocol: text }).optional().catch(undefined),
  additionalPermissions: z.unknown().optional(),
});

/** Why the model wants it is left out, because the model says it in other words each time. */
const command: Form = {
  ask(params, input) {
    const { kind, command, cwd, networkApprovalContext: network, additionalPermissions: more } = Command.parse(params);
    const isOutside = kind !== 'writeStdin' && argumentsOf(input).sandbox_permissions === 'require_escalated';
    const lines = [
      network && `Network access to ${network.protocol ?? ''}://${network.host ?? ''}`,
      command && scriptIn(command),
      isOutside && 'Outside of the sandbox',
      more ? `With the permissions ${JSON.stringify(more)}` : undefined,
      cwd && `In ${cwd}`,
    ];
    return {
      kind: 'permission',
      tool: toolOf('exec_command'),
      text: askText(lines.filter(Boolean).join('\n')),
      // Codex does not remember what may be typed into a terminal.
      takes: kind === 'writeStdin' ? ['allow', 'deny'] : ['allow', 'always', 'deny'],
    };
  },
  result: (_params, { decision }) => ({ decision: DECISIONS[decision] }),
};

const FileChange = z.object({ grantRoot: text, reason: text });

const fileChange: Form = {
  ask(params, input) {
    const { grantRoot, reason } = FileChange.parse(params);
    const { cmd, workdir } = argumentsOf(input);
    const lines = [
      grantRoot && `Write anything below ${grantRoot}`,
      cmd ?? input ?? reason ?? 'A change of files',
      workdir && `In ${workdir}`,
    ];
    return {
      kind: 'permission',
      tool: 'apply_patch',
      text: askText(lines.filter(Boolean).join('\n')),
      takes: ['allow', 'always', 'deny'],
    };
  },
  result: (_params, { decision }) => ({ decision: DECISIONS[decision] }),
};

const Arguments = z.object({ sandbox_permissions: text, cmd: text, workdir: text });

/** `{}` when the model has called the tool with text, such as a patch. */
function argumentsOf(input: string | undefined): Partial<z.infer<typeof Arguments>> {
  return Arguments.safeParse(inputOf(input)).data ?? {};
}

const Permissions = z.object({ permissions: z.unknown().optional(), reason: text });

const permissions: Form = {
  ask(params) {
    const { permissions: wanted } = Permissions.parse(params);
    return {
      kind: 'permission',
      tool: 'request_permissions',
      text: askText(JSON.stringify(wanted ?? {})),
      takes: ['allow', 'always', 'deny'],
    };
  },
  result(params, { decision }) {
    const granted = decision === 'allow' || decision === 'always';
    return {
      permissions: granted ? (Permissions.parse(params).permissions ?? {}) : {},
      scope: decision === 'always' ? 'session' : 'turn',
    };
  },
};

const Questions = z.object({
  questions: z
    .array(
      z.object({
        id: z.string(),
        header: text,
        question: text,
        isSecret: z.boolean().catch(false),
        options: z
          .array(z.object({ label: z.string(), description: text }))
          .nullish()
          .catch(undefined),
      }),
    )
    .catch([]),
});
type Question = z.infer<typeof Questions>['questions'][number];

const questions: Form = {
  ask(params) {
    const { questions: all } = Questions.parse(params);
    const [only] = all;
    const several = all.length > 1;
    const lines = several
      ? [
          ...all.map((one, at) => `${at + 1}. ${sayOf(one)}${choiceOf(one)}`),
          `Reply with ${all.length} lines, one for each.`,
        ]
      : [only ? sayOf(only) : ''];
    if (all.some(({ isSecret }) => isSecret))
      lines.push('The answer is a secret. It will be in the history of the topic.');
    return {
      kind: 'question',
      tool: 'request_user_input',
      text: askText(lines.join('\n')),
      ...askOptions((several ? undefined : only?.options) ?? []),
      takes: ['reply', 'deny'],
    };
  },
  result(params, { decision, text: said }) {
    const { questions: all } = Questions.parse(params);
    const lines = (said ?? '').split('\n').filter((line) => line.trim() !== '');
    const each = (at: number) => {
      if (decision === 'deny') return said ? [`The person gives no answer: ${said}`] : [];
      return [all.length > 1 && lines.length === all.length ? (lines[at] ?? '') : (said ?? '')];
    };
    return { answers: Object.fromEntries(all.map(({ id }, at) => [id, { answers: each(at) }])) };
  },
  tellsWhy: true,
};

const sayOf = ({ header, question }: Question) =>
  [header, question].filter((said) => said !== undefined && said !== '').join(': ');
const choiceOf = ({ options }: Question) =>
  options && options.length > 0 ? ` (${options.map(({ label }) => label).join(' | ')})` : '';

export const FORMS: Partial<Record<string, Form>> = {
  'item/commandExecution/requestApproval': command,
  'item/fileChange/requestApproval': fileChange,
  'item/permissions/requestApproval': permissions,
  'item/tool/requestUserInput': questions,
  'mcpServer/elicitation/request': elicitation,
};
