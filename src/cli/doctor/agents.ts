/** Checks which agents are installed, in which version, and what each still needs. Starts none. */
import type { DescribedAgent, DescribedAgents } from '../../contract/agent-answers.js';
import { Failed, type Failure } from '../../contract/failures.js';
import { askAgents } from '../../stack/ask-agents.js';
import { fine, wrong, type AgentFacts, type Finding } from './check.js';

export async function checkAgents(dataDir: string): Promise<Finding[]> {
  try {
    return findingsOf(await askAgents('describe', dataDir));
  } catch (error) {
    if (error instanceof Failed) return [wrong('agents', error.failure as Failure)];
    throw error;
  }
}

/** One for the default, one for each agent that is there or configured, one for all others. */
export function findingsOf({ default: chosen, agents }: DescribedAgents): Finding[] {
  const there = Object.entries(agents).filter(([, said]) => !said.not_installed);
  const missing = Object.entries(agents).filter(([, said]) => said.not_installed);
  const name = 'name' in chosen ? chosen.name : undefined;
  const found = there.map(([each, said]) => findingOf(each, said, each === name));
  const rest = missing.map(([each, { install }]) => (install === undefined ? each : `${each} (${install})`));
  return [
    defaultOf(chosen),
    ...found,
    ...(rest.length > 0 && there.length > 0 ? [fine('agents not installed', rest.join(', '))] : []),
  ];
}

function defaultOf(chosen: DescribedAgents['default']): Finding {
  if ('problem' in chosen) return wrong('default agent', chosen.problem);
  const why = chosen.because === 'config' ? 'config says so' : 'it is installed here, and config names none';
  return fine('default agent', `${chosen.name}: ${why}`);
}

/** By the agents' names. */
export function versionsIn(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(
    findings.flatMap(({ check, agent }) =>
      agent?.version === undefined ? [] : [[check.replace(/^agent /, ''), agent.version]],
    ),
  );
}

function findingOf(name: string, said: DescribedAgent, isDefault: boolean): Finding {
  const { version, support, program, store, log, model, credentials, install, note, problem } = said;
  const words = [
    version && [version, support && `(${support})`].filter(Boolean).join(' '),
    program,
    store && `store ${store}`,
    log && `log ${log}`,
    model && `model ${model}`,
    credentials && `credentials: ${credentials}`,
  ];
  const agent: AgentFacts = {
    default: isDefault,
    ...(version !== undefined && { version }),
    ...(support !== undefined && { support }),
    ...(program !== undefined && { program }),
    ...(store !== undefined && { store }),
    ...(credentials !== undefined && { credentials }),
    ...(install !== undefined && { install }),
  };
  const check = `agent ${name}`;
  const detail = words.filter(Boolean).join(', ');
  if (!problem) return { ...fine(check, detail, note), agent };
  return { ...wrong(check, problem), agent, ...(version !== undefined && { detail: `${problem.message} ${detail}` }) };
}
