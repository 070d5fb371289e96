/**
 * The gate is a program: a server of MCP on its standard streams. Claude Code calls its one tool for
 * each permission and each question (`--permission-prompt-tool`). It writes the request to a file
 * and waits for the answer in another, so an ask outlives every worker. It is a child of Claude Code
 * and ends with it, because its input ends then.
 *
 * It starts with each turn. So it speaks the few messages of MCP by itself, and loads no package.
 *
 *     gate.js <folder>
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { actionOf, questionsIn } from './asked.js';
import { GateFiles, type Reply, type Request } from './gate-files.js';

const LOOK_EVERY_MS = 100;

type Id = number | string;

interface Message {
  id?: Id;
  method?: string;
  params?: { protocolVersion?: string; name?: string; arguments?: Request; requestId?: Id };
}

/** What Claude Code takes from the tool, as text (2.1.331). */
type Verdict = { behavior: 'allow'; updatedInput: Request['input'] } | { behavior: 'deny'; message: string };

const TOOL = {
  name: 'ask',
  description: 'Asks a person.',
  inputSchema: {
    type: 'object',
    properties: { tool_name: { type: 'string' }, input: { type: 'object' }, tool_use_id: { type: 'string' } },
    required: ['tool_name', 'input'],
  },
};

const files = new GateFiles(process.argv[2] ?? '.');
/** Claude Code starts another gate if one dies, and the calls of the first one have failed. */
await files.clear();
/** The calls that wait. */
const calls = new Map<Id, AbortController>();
let asked = 0;

async function verdictOn(request: Request, signal: AbortSignal): Promise<Verdict> {
  const questions = questionsIn(request);
  const allowed: Verdict = { behavior: 'allow', updatedInput: request.input };
  if (questions.length === 0 && (await files.isAlwaysAllowed(actionOf(request)))) return allowed;
  const name = `${++asked}-${randomUUID()}`;
  await files.add(name, request);
  try {
    const replies = await repliesTo(name, Math.max(questions.length, 1), signal);
    const denied = replies.find((reply) => reply.behavior === 'deny');
    if (denied) return denied;
    const answers = questions.map(({ question }, part) => [question, textOf(replies[part])]);
    return answers.length > 0
      ? { ...allowed, updatedInput: { ...request.input, answers: Object.fromEntries(answers) as object } }
      : allowed;
  } finally {
    await files.remove(name);
  }
}

/** Waits until all parts have a reply, or one is denied. */
async function repliesTo(name: string, parts: number, signal: AbortSignal): Promise<Reply[]> {
  for (;;) {
    const all = await Promise.all(Array.from({ length: parts }, (_, part) => files.answerTo(name, part)));
    const replies = all.flatMap((reply) => reply ?? []);
    if (replies.length === parts || replies.some(({ behavior }) => behavior === 'deny')) return replies;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

const textOf = (reply: Reply | undefined) => (reply?.behavior === 'reply' ? reply.text : '');

async function call(id: Id, request: Request): Promise<object> {
  const cancelled = new AbortController();
  calls.set(id, cancelled);
  try {
    return { content: [{ type: 'text', text: JSON.stringify(await verdictOn(request, cancelled.signal)) }] };
  } finally {
    calls.delete(id);
  }
}

function resultOf({ id, method, params = {} }: Message & { id: Id }): object | Promise<object> {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'continuity', version: '1' },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools: [TOOL] };
    case 'tools/call':
      if (params.arguments) return call(id, params.arguments);
      break;
    default:
  }
  throw Object.assign(new Error(`The gate does not know ${method}.`), { code: -32601 });
}

async function take(message: Message): Promise<void> {
  const { id, method, params } = message;
  if (method === 'notifications/cancelled') calls.get(params?.requestId ?? '')?.abort();
  if (id === undefined || method === undefined) return;
  const answer = await (async () => resultOf({ ...message, id }))().then(
    (result) => ({ result }),
    ({ code = -32603, message: reason }: Error & { code?: number }) => ({
      error: { code: Number(code), message: reason },
    }),
  );
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
}

process.stdout.on('error', () => process.exit()); // EPIPE: Claude Code has ended.
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void take(JSON.parse(line) as Message));
lines.on('close', () => process.exit());
