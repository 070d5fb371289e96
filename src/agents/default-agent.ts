/**
 * Which agent opens a session where neither the prompt nor the config says it: the one that is
 * installed on this host. It is looked for each time, so an agent that is installed while a worker
 * runs is found by the next new session. An open session keeps the agent that it was opened with.
 */
import type { AgentKind, Config } from '../config.js';
import type { DefaultAgent } from '../contract/agent-answers.js';
import { failure } from '../contract/failures.js';
import { childEnvironment, type Environment } from '../host/environment.js';
import { searchPathOf } from '../host/search-path.js';
import { SUPPORTED } from '../host/supported-versions.js';
import { AgentError } from './agent.js';
import { findClaude, supportedClaude } from './claude-code/program.js';
import { findCodex } from './codex/program.js';
import { supportedProgram as supportedCodex } from './codex/version.js';
import { findProgram as findOpenCode } from './opencode/program.js';
import { supportedProgram as supportedOpenCode } from './opencode/version.js';

type Find = (named: string | undefined, env: Environment) => Promise<string>;

interface Candidate {
  title: string;
  /** The command that installs it. */
  install: string;
  /** Only looks. @throws AgentError AGENT_NOT_FOUND */
  find: Find;
  /** Also asks the program for its version. @throws AgentError AGENT_UNSUPPORTED */
  supported: Find;
}

const of = ({ name, mend }: { name: string; mend: string }, find: Find, supported: Find): Candidate => ({
  title: name,
  install: mend,
  find,
  supported,
});

/** By the name that config has out of the box. Of several, the first is the default. */
const CANDIDATES: Partial<Record<AgentKind, Candidate>> = {
  opencode: of(SUPPORTED.opencode, findOpenCode, supportedOpenCode),
  'claude-code': of(SUPPORTED.claudeCode, findClaude, supportedClaude),
  codex: of(SUPPORTED.codex, findCodex, supportedCodex),
};

type Wanted = Pick<Config, 'agents' | 'defaultAgent'>;

/**
 * What the config says, else the first agent that is installed in a version that we use. The only
 * one that is installed, and the first of several that are all refused, says itself what is wrong
 * with it.
 *
 * @throws AgentError AGENT_NOT_FOUND, with how to install each; or that it cannot tell
 */
export async function defaultAgentOf({ defaultAgent, agents }: Wanted, given?: Environment): Promise<DefaultAgent> {
  if (defaultAgent !== undefined) return { name: defaultAgent, because: 'config' };
  const env = childEnvironment(given);
  const installed: Installed[] = [];
  for (const one of candidatesIn(agents)) if (await isThere(one, env)) installed.push(one);
  const [first, ...others] = installed;
  if (!first) throw noneInstalled(env);
  if (others.length === 0) return { name: first.name, because: 'installed' };
  for (const one of installed) if (await isUsable(one, env)) return { name: one.name, because: 'installed' };
  return { name: first.name, because: 'installed' };
}

interface Installed {
  name: string;
  path: string | undefined;
  candidate: Candidate;
}

/** Those of config's own names, in their order. */
function candidatesIn(agents: Config['agents']): Installed[] {
  return Object.keys(CANDIDATES).flatMap((name) => {
    const { kind, path } = agents[name] ?? {};
    const candidate = kind && CANDIDATES[kind];
    return candidate ? [{ name, path, candidate }] : [];
  });
}

async function isThere({ candidate, path }: Installed, env: Environment): Promise<boolean> {
  try {
    await candidate.find(path, env);
    return true;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'AGENT_NOT_FOUND') return false;
    throw error;
  }
}

async function isUsable({ candidate, path }: Installed, env: Environment): Promise<boolean> {
  try {
    await candidate.supported(path, env);
    return true;
  } catch (error) {
    // A program that did not answer in time may be the one: another agent is never taken for that.
    if (!(error instanceof AgentError) || error.retryable) throw error;
    // Anything else, such as a full disk, the agent says itself.
    return error.code !== 'AGENT_UNSUPPORTED' && error.code !== 'AGENT_NOT_FOUND';
  }
}

function noneInstalled(env: Environment): AgentError {
  const all = Object.values(CANDIDATES);
  const { folders, passedOver } = searchPathOf(env);
  const where = `PATH of the worker is ${folders.join(':') || 'empty'}.${passedOver && ` ${passedOver}.`}`;
  const message = `No agent is installed on this host: looked for ${listed(all.map(({ title }) => title))}. ${where}`;
  const commands = all.map(({ title, install }) => `${title}: ${install}`).join(' · ');
  return new AgentError(
    failure('AGENT_NOT_FOUND', message, `Install one of them. The worker that runs finds it then. ${commands}`),
    false,
  );
}

const listed = (names: string[]) => `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
