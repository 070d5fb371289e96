import { newPromptId } from '../../client/new-prompt-id.js';
import type { DelegateOptions, SessionManager } from '../../client/session-manager.js';
import type { OnLost } from '../../contract/types.js';
import { command } from '../command.js';
import { connected } from '../connect.js';
import { untilInterrupted } from '../interrupted.js';
import type { Output } from '../output.js';
import { readPrompt } from '../read-prompt.js';
import { UsageError } from '../usage-error.js';
import { sendAndWait } from '../waiting.js';
import { quoted } from '../words.js';

type Options = Omit<DelegateOptions, 'signal' | 'onProgress'> & { prompt_id: string };

export default command({
  name: 'delegate',
  summary: 'Hands a prompt to the session of a topic and waits for the reply; without a topic the task gets one of its own.',
  flags: {
    topic: { kind: 'text', value: 'T', help: 'The line of work. Its session goes on with full context.' },
    session: { kind: 'text', value: 'ID', help: 'Exactly this session, or a refusal.' },
    category: { kind: 'text', value: 'C', help: 'What kind of work it is: quick, deep, writing, …' },
    agent: { kind: 'text', value: 'A', help: 'The agent, as config names it.' },
    model: { kind: 'text', value: 'M', help: 'The model, as the agent spells it.' },
    skill: { kind: 'list', value: 'S', help: 'A skill for the session. May be given several times.' },
    new: { kind: 'optional', value: 'reason', help: 'A new session on the topic: an unrelated task, a fresh perspective.' },
    next: { kind: 'switch', help: 'Before whatever is queued.' },
    interrupt: { kind: 'switch', help: 'Before whatever is queued, and the running turn is stopped; its session goes on.' },
    'on-lost': { kind: 'text', value: 'replace|fail', help: "When the topic's session is lost: a new one with a brief, or a failed turn." },
    check: { kind: 'list', value: 'CMD', help: 'Run this after the turn; if it fails, the session is asked to fix it. May be given several times.' },
    'check-timeout': { kind: 'text', value: '10m', help: 'How long one check may take.' },
    'max-fixes': { kind: 'count', value: 'N', help: 'How often the session is asked to fix what a check found. Default: 3.' },
    id: { kind: 'text', value: 'ID', help: 'Id of the prompt. The same id again attaches to the first: for scripts that retry.' },
    'no-wait': { kind: 'switch', help: 'Return as soon as the prompt is accepted.' },
  },
  args: [{ name: 'prompt', required: false }],
  examples: [
    ['continuity delegate --topic auth "Add a login endpoint"', 'a new topic, a new session'],
    ['continuity delegate --topic auth "Fix: add rate limiting"', 'the same session, with all it knows'],
    ['continuity delegate --session ses_… "Fix: missing email validation"', 'by the session id that a result named'],
    ['continuity delegate --topic auth --new="fresh eyes" "Review the endpoint"', 'another session on the topic'],
    ['continuity delegate --topic auth --check "npm test" --max-fixes 3 "Add a logout endpoint"', 'and again until the tests pass'],
    ['git diff | continuity delegate --category quick --no-wait -', 'a prompt from stdin, not waited for'],
  ],
  async run({ flags, args, output }) {
    if (flags['check-timeout'] !== undefined && !flags.check) throw new UsageError('--check-timeout says how long a check may take, and there is no --check.', 'See: continuity delegate --help');
    if (flags.next && flags.interrupt) throw new UsageError('--next and --interrupt exclude each other: --interrupt also goes before what is queued.', 'See: continuity delegate --help');
    const prompt = await readPrompt(args.prompt);
    const options: Options = {
      prompt_id: flags.id ?? newPromptId(),
      ...(flags.session !== undefined && { session_id: flags.session }),
      ...(flags.category !== undefined && { category: flags.category }),
      ...(flags.agent !== undefined && { agent: flags.agent }),
      ...(flags.model !== undefined && { model: flags.model }),
      ...(flags.skill !== undefined && { skills: flags.skill }),
      ...(flags.new !== undefined && { session: 'new' as const }),
      ...(typeof flags.new === 'string' && { reason: flags.new }),
      ...(flags.next && { when: 'next' as const }),
      ...(flags.interrupt && { when: 'interrupt' as const }),
      ...(flags['on-lost'] !== undefined && { on_lost: flags['on-lost'] as OnLost }), // The guard knows the words.
      ...(flags.check !== undefined && { checks: flags.check.map((run) => ({ run, ...(flags['check-timeout'] !== undefined && { timeout: flags['check-timeout'] }) })) }),
      ...(flags['max-fixes'] !== undefined && { max_fixes: flags['max-fixes'] }),
      ...(flags.cwd !== undefined && { cwd: process.cwd() }),
    };
    if (flags['no-wait']) return connected(flags, ({ manager }) => submit(manager, flags.topic, prompt, options, output));
    return untilInterrupted((left) =>
      connected(flags, ({ manager }) =>
        sendAndWait(output, left, options.prompt_id, (waiting) => manager.delegate(flags.topic, prompt, { ...options, ...waiting })),
      ),
    );
  },
});

async function submit(manager: SessionManager, topic: string | undefined, prompt: string, options: Options, output: Output): Promise<number> {
  const accepted = await manager.submit(topic, prompt, options);
  output.answer(accepted, `${accepted.prompt_id} accepted in topic ${accepted.topic}`);
  if (accepted.notice && !output.json) output.problem(accepted.notice);
  if (!output.json) output.note(`Its outcome: continuity outcome ${quoted(accepted.topic)} ${quoted(accepted.prompt_id)} --wait`);
  return 0;
}
