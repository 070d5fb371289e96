import { newPromptId } from '../../client/new-prompt-id.js';
import type { DelegateOptions } from '../../client/manager-options.js';
import type { SessionManager } from '../../client/session-manager.js';
import { defined } from '../../contract/defined.js';
import type { OnCold } from '../../contract/session-context.js';
import type { OnLost } from '../../contract/types.js';
import { isWorkspaceMode, WORKSPACE_MODES, type WorkspaceMode } from '../../contract/workspace.js';
import { limitsOf } from '../args/budgets.js';
import { forkOf, type Fork } from '../args/forks.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { untilInterrupted } from '../interrupted.js';
import type { Output } from '../terminal/output.js';
import { readPrompt } from '../args/read-prompt.js';
import { UsageError } from '../args/usage-error.js';
import { sendAndWait } from '../waiting.js';
import { quoted } from '../terminal/words.js';

type Options = Omit<DelegateOptions, 'signal' | 'onProgress'> & { prompt_id: string };

/** A working day. */
const WHEN_WARM = '8h';

export default command({
  name: 'delegate',
  summary:
    'Sends a prompt to the session of a topic and waits for the reply. Without a topic, the task gets its own.\nPrints the reply on stdout, and the topic, the session and the next command on stderr.',
  flags: {
    topic: { kind: 'text', value: 'T', help: 'The topic. Its session continues with full context.' },
    session: { kind: 'text', value: 'ID', help: 'Continue exactly this session. Refused when it cannot be continued.' },
    adopt: {
      kind: 'switch',
      help: 'With --session: take over a session that you began in the agent itself. See: continuity sessions.',
    },
    fork: {
      kind: 'switch',
      help: 'Begin the topic of --as with a copy of the session of --topic (or of --session), which stays as it is.',
    },
    as: { kind: 'text', value: 'NEW', help: 'With --fork: the new topic, which has no session yet.' },
    at: {
      kind: 'count',
      value: 'TURN',
      help: 'With --fork: the copy ends with this turn. Default: the last one that was completed.',
    },
    category: { kind: 'text', value: 'C', help: 'The kind of work: quick, deep, writing, …' },
    agent: {
      kind: 'text',
      value: 'A',
      help: "The name of the agent in the config. An agent of another kind takes the topic over with a brief; the first agent's name brings it back.",
    },
    model: { kind: 'text', value: 'M', help: "The model, in the agent's spelling." },
    skill: { kind: 'list', value: 'S', help: 'A skill for the session. May be given several times.' },
    new: {
      kind: 'optional',
      value: 'reason',
      help: 'Open a new session on the topic, for an unrelated task or a fresh perspective.',
    },
    next: { kind: 'switch', help: 'Put the prompt first in the queue.' },
    interrupt: {
      kind: 'switch',
      help: 'Put the prompt first in the queue and stop the running turn. The session continues.',
    },
    'when-warm': {
      kind: 'optional',
      value: '8h',
      help: 'Work that can wait: run it right after another prompt has made the session warm, and after this time in any case. Default: 8h.',
    },
    'on-lost': {
      kind: 'text',
      value: 'replace|fail',
      help: "When the topic's session is lost: open a new one with a brief, or fail the turn.",
    },
    'on-cold': {
      kind: 'text',
      value: 'continue|ask|compact|replace',
      help: 'When the session is cold and costs more than the config says (onCold): go on, ask first, have the agent compact it first, or open a new one with a brief.',
    },
    check: {
      kind: 'list',
      value: 'CMD',
      help: 'Run CMD after the turn. If it fails, ask the session to fix it. May be given several times.',
    },
    'check-timeout': { kind: 'text', value: '10m', help: 'How long one check may take.' },
    'max-fixes': {
      kind: 'count',
      value: 'N',
      help: 'Ask the session at most N times to fix a failed check. Default: 3.',
    },
    notify: {
      kind: 'text',
      value: 'CMD',
      help: 'Run CMD on the host of the session when the prompt ends, asks, or goes silent: once each. It gets $CONTINUITY_TOPIC, $CONTINUITY_PROMPT_ID, $CONTINUITY_EVENT, $CONTINUITY_STATUS, and JSON on stdin.',
    },
    'max-cost': {
      kind: 'text',
      value: 'USD',
      help: 'Ask once the turn has cost so much. Answer with: continuity answer. Also in config (limits).',
    },
    'max-tokens': { kind: 'text', value: 'N', help: 'Ask once the turn has used so many tokens, cached or not.' },
    'max-steps': { kind: 'text', value: 'N', help: 'Ask after so many requests to the model.' },
    workspace: {
      kind: 'text',
      value: 'shared|queue|worktree',
      help: 'Work beside other topics in the directory, alone in it while the turn runs, or in a git work tree of its own. See: continuity merge.',
    },
    id: {
      kind: 'text',
      value: 'ID',
      help: 'Id of the prompt. A second call with the same ID waits for the first prompt. For scripts that retry.',
    },
    'no-wait': { kind: 'switch', help: 'Return as soon as the prompt is accepted.' },
  },
  args: [{ name: 'prompt', required: false }],
  examples: [
    ['continuity delegate --topic auth "Add a login endpoint"', 'a new topic, a new session'],
    ['continuity delegate --topic auth "Fix: add rate limiting"', 'the same session, with full context'],
    ['continuity delegate --session ses_… "Fix: missing email validation"', 'the session id is in every result'],
    ['continuity delegate --topic auth --new="fresh eyes" "Review the endpoint"', 'another session on the topic'],
    [
      'continuity delegate --topic auth --session ID --adopt "Now add tests"',
      'what you began in the agent itself becomes the topic’s session',
    ],
    [
      'continuity delegate --topic auth --fork --at 2 --as auth-jwt "Now with JWT instead"',
      'another way, from what the session knew after turn 2',
    ],
    [
      'continuity delegate --topic auth --agent codex "Review what was done"',
      'another agent goes on, with a brief of the work so far',
    ],
    [
      'continuity delegate --topic auth --check "npm test" --max-fixes 3 "Add a logout endpoint"',
      'asks the session to fix until the tests pass',
    ],
    [
      'continuity delegate --topic auth --when-warm --no-wait "Also fix the typos"',
      'waits in the queue until the session is read from the cache',
    ],
    [
      `continuity delegate --topic auth --no-wait --notify 'notify-send "$CONTINUITY_TOPIC $CONTINUITY_EVENT"' "Add tests"`,
      'says when it has ended, asks, or goes silent',
    ],
    ['git diff | continuity delegate --category quick --no-wait -', 'a prompt from stdin, without waiting'],
  ],
  async run({ flags, args, output }) {
    refuseContradictions(flags);
    const limits = limitsOf(flags);
    const copy = forkOf(flags);
    const prompt = await readPrompt(args.prompt);
    const options: Options = {
      prompt_id: flags.id ?? newPromptId(),
      ...defined({
        session_id: copy ? undefined : flags.session,
        adopt: flags.adopt,
        category: flags.category,
        agent: flags.agent,
        model: flags.model,
        skills: flags.skill,
        limits,
      }),
      ...(flags.new !== undefined && { session: 'new' as const }),
      ...(typeof flags.new === 'string' && { reason: flags.new }),
      ...(flags.next && { when: 'next' as const }),
      ...(flags.interrupt && { when: 'interrupt' as const }),
      ...(flags['on-cold'] !== undefined && { on_cold: flags['on-cold'] as OnCold }), // Checked there, too.
      ...(flags['when-warm'] !== undefined && {
        when_warm: flags['when-warm'] === true ? WHEN_WARM : flags['when-warm'],
      }),
      ...(flags['on-lost'] !== undefined && { on_lost: flags['on-lost'] as OnLost }), // parse-prompt.ts checks the value.
      ...(flags.workspace !== undefined && { workspace: { mode: modeOf(flags.workspace) } }),
      ...(flags.check !== undefined && {
        checks: flags.check.map((run) => ({
          run,
          ...(flags['check-timeout'] !== undefined && { timeout: flags['check-timeout'] }),
        })),
      }),
      ...defined({ max_fixes: flags['max-fixes'], notify: flags.notify }),
      ...(flags.cwd !== undefined && { cwd: process.cwd() }),
    };
    const to = (manager: SessionManager) => targetOf(manager, copy, flags.topic, options);
    if (flags['no-wait'])
      return connected(flags, async ({ manager }) => submit(manager, await to(manager), prompt, output));
    return untilInterrupted((left) =>
      connected(flags, async ({ manager }) => {
        const { topic, options } = await to(manager);
        return sendAndWait({ output, signal: left, manager }, options.prompt_id, (waiting) =>
          manager.delegate(topic, prompt, { ...options, ...waiting }),
        );
      }),
    );
  },
});

interface Target {
  topic: string | undefined;
  options: Options;
}

async function targetOf(
  manager: SessionManager,
  copy: Fork | undefined,
  topic: string | undefined,
  options: Options,
): Promise<Target> {
  if (!copy) return { topic, options };
  const { as, session_id, at } = copy;
  const of = copy.topic ?? (await manager.topicOf(session_id ?? ''));
  return { topic: as, options: { ...options, fork: { topic: of, ...defined({ session_id, at }) } } };
}

async function submit(
  manager: SessionManager,
  { topic, options }: Target,
  prompt: string,
  output: Output,
): Promise<number> {
  const accepted = await manager.submit(topic, prompt, options);
  output.answer(accepted, `${accepted.prompt_id} accepted in topic ${accepted.topic}`);
  if (accepted.notice && !output.json) output.problem(accepted.notice);
  if (!output.json)
    output.note(`Its outcome: continuity outcome ${quoted(accepted.topic)} ${quoted(accepted.prompt_id)} --wait`);
  return 0;
}

function modeOf(workspace: string): WorkspaceMode {
  if (isWorkspaceMode(workspace)) return workspace;
  throw new UsageError(
    `--workspace must be ${WORKSPACE_MODES.join(', ')}; got ${JSON.stringify(workspace)}.`,
    'See: continuity delegate --help',
  );
}

interface Contradictory {
  check?: string[];
  'check-timeout'?: string;
  next?: boolean;
  interrupt?: boolean;
  adopt?: boolean;
  session?: string;
}

/** @throws UsageError */
function refuseContradictions(flags: Contradictory): void {
  if (flags['check-timeout'] !== undefined && !flags.check)
    throw new UsageError('--check-timeout limits a check, and there is no --check.', 'See: continuity delegate --help');
  if (flags.next && flags.interrupt)
    throw new UsageError(
      '--next and --interrupt exclude each other: --interrupt also goes before what is queued.',
      'See: continuity delegate --help',
    );
  if (flags.adopt && flags.session === undefined)
    throw new UsageError(
      '--adopt takes over the session that --session names, and there is no --session.',
      'The sessions that the agents have: continuity sessions',
    );
}
