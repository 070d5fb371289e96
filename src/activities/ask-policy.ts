/** Decides the asks of an agent that config decides. Pure. */
import type { AskRule, AsksConfig, PermissionPolicy } from '../config.js';
import type { Answer, Ask } from '../contract/asks.js';
import { matchesOneCommand, matchesText } from './pattern.js';

const BY_CONFIG = 'The config of this host does not allow it. Go on without it, and say what you left out.';
const NO_PERSON = 'No person can answer. Decide yourself, go on, and say what you decided.';

/** `undefined`: a person has to decide. */
export function policyOf({ permissions = 'ask', questions = 'ask', rules = [] }: AsksConfig = {}): (
  ask: Ask,
) => Answer | undefined {
  return (ask) => {
    if (ask.kind === 'question') return questions === 'decline' ? { decision: 'deny', text: NO_PERSON } : undefined;
    const rule = rules.find((one) => fits(one, ask));
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

function fits({ tool, text, then }: AskRule, ask: Ask): boolean {
  // What is allowed unseen must not hide a second command, as `git status; rm -rf .` does.
  const isLike = then === 'allow' ? matchesOneCommand : matchesText;
  return (tool === undefined || matchesText(tool, ask.tool ?? '')) && (text === undefined || isLike(text, ask.text));
}
