/** Whether the agents are there; starts none of them. */
import type { Failure } from '../../contract/failures.js';
import { askAgents } from '../../stack/ask-agents.js';
import { StackError } from '../../stack/stack-error.js';
import { fine, wrong, type Finding } from './check.js';

interface Description {
  version?: string;
  program?: string;
  store?: string;
  log?: string;
  note?: string;
  problem?: Failure;
}

export async function checkAgents(dataDir: string): Promise<Finding[]> {
  try {
    const described = await askAgents<Record<string, Description>>('describe', dataDir);
    return Object.entries(described).map(([name, said]) => findingOf(`agent ${name}`, said));
  } catch (error) {
    if (error instanceof StackError) return [wrong('agents', error.failure)];
    throw error;
  }
}

function findingOf(check: string, { version, program, store, log, note, problem }: Description): Finding {
  if (problem) return wrong(check, problem);
  const said = [version, program, store && `store ${store}`, log && `log ${log}`];
  return fine(check, said.filter(Boolean).join(', '), note);
}
