/**
 * What the checker runs: three kinds of agents, and the protocol with one broken rule at a time.
 */
import type { Capabilities, Mutation } from './proof-table.js';

export interface Check {
  name: string;
  capabilities: Capabilities;
  /** How many faults may happen in one run. */
  faults: number;
  /** Breaks a rule of the table. */
  mutation?: Mutation;
  /** Breaks a rule around the table: macros of proof/turn.pml. */
  rules?: string[];
}

const repeatable: Capabilities = { promptIds: true, repeatablePut: true };
const once: Capabilities = { promptIds: true, repeatablePut: false };
const blind: Capabilities = { promptIds: false, repeatablePut: false };

export const KINDS: readonly Check[] = [
  { name: 'an agent that takes a prompt again without harm, such as OpenCode', capabilities: repeatable, faults: 2 },
  { name: 'an agent that shows prompt ids and takes a prompt once, such as Codex', capabilities: once, faults: 2 },
  { name: 'an agent without prompt ids, such as ACP', capabilities: blind, faults: 2 },
];

const table = (name: string, capabilities: Capabilities, mutation: Mutation): Check => ({
  name,
  capabilities,
  faults: 2,
  mutation,
});
const rule = (name: string, capabilities: Capabilities, ...rules: string[]): Check => ({
  name,
  capabilities,
  faults: 2,
  rules,
});

export const MUTATIONS: readonly Check[] = [
  table('put once: a note is not heeded', once, ({ noted, cancelled }, deed) =>
    noted && !cancelled && deed === 'look_again' ? 'put' : undefined,
  ),
  table('put once: a prompt that was overtaken is gone on with', repeatable, ({ sight }, deed) =>
    sight.superseded && deed === 'report_unknown' ? 'go_on' : undefined,
  ),
  table('put once: an agent without ids is asked again', blind, ({ sight }, deed) =>
    sight.prompt === 'absent' && deed === 'report_unknown' ? 'put' : undefined,
  ),
  table('one writer: put in while another turn works', repeatable, ({ sight }, deed) =>
    sight.busy === 'ours' && deed === 'abort' ? 'put' : undefined,
  ),
  table('answered: a turn that was cut off is waited for', repeatable, (_, deed) =>
    deed === 'go_on' ? 'wait' : undefined,
  ),
  table('answered: nothing is reported as cancelled', repeatable, (_, deed) =>
    deed === 'report_cancelled' ? 'wait' : undefined,
  ),
  table('cancelled: a cancelled turn is gone on with', repeatable, ({ sight, cancelled }, deed) =>
    cancelled && sight.prompt === 'present' && deed === 'report_cancelled' ? 'go_on' : undefined,
  ),
  table('cancelled: reported before what is on its way has settled', repeatable, ({ cancelled }, deed) =>
    cancelled && deed === 'look_again' ? 'report_cancelled' : undefined,
  ),
  table('honest: reported as ended while it works', repeatable, ({ sight }, deed) =>
    sight.busy === 'this' && deed === 'wait' ? 'harvest' : undefined,
  ),
  rule('one writer: no fence', repeatable, 'NO_FENCE'),
  rule('put once: what was noted in this attempt is forgotten when the program is replaced', blind, 'NO_NOTE_KEPT'),
  rule('cancelled: a stop does not know which prompt it is for', repeatable, 'NO_NAME_IN_STOP'),
  rule(
    'cancelled: an attempt that is stopped before it began reports that without a look',
    repeatable,
    'NO_LOOK_AFTER_EARLY_STOP',
  ),
  rule('honest: a later attempt does not wait for a stop', repeatable, 'NO_FENCE_FOR_STOPS'),
  rule('assumption 1: what has looked settled is not', once, 'NO_SETTLING'),
  rule('assumption 2: a request comes after the next prompt', repeatable, 'NO_ORDER'),
];
