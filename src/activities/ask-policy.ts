/** Decides the asks of an agent that config decides. Pure. */
import type { AsksConfig, PermissionPolicy } from '../config.js';
import type { Answer, Ask } from '../contract/asks.js';

const BY_CONFIG = 'The config of this host does not allow it. Go on without it, and say what you left out.';
const NO_PERSON = 'No person can answer. Decide yourself, go on, and say what you decided.';

/** `undefined`: a person has to decide. */
export function policyOf({ permissions = 'ask', questions = 'ask', rules = [] }: AsksConfig = {}): (
  ask: Ask,
) => Answer | undefined {
  return (ask) => {
    if (ask.kind === 'question') return questions === 'decline' ? { decision: 'deny', text: NO_PERSON } : undefined;
    const rule = rules.find(({ tool, text }) => matches(tool, ask.tool ?? '') && matches(text, ask.text));
    return answerOf(rule?.then ?? permissions, ask);
  };
}

const ANSWER_WITHIN_MS = 30 * 60 * 1000;

export function answerWithinOf({ answerWithinMs = ANSWER_WITHIN_MS }: AsksConfig = {}): number {
  return answerWithinMs;
}

/** For a topic that cannot wait in the middle of a turn. */
export const DENIED: Answer = { decision: 'deny', text: NO_PERSON };

function answerOf(policy: PermissionPolicy, { takes }: Ask): Answer | undefined {
  if (policy === 'allow' && takes.includes('allow')) return { decision: 'allow' };
  return policy === 'deny' ? { decision: 'deny', text: BY_CONFIG } : undefined;
}

function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(text);
}
