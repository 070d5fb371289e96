/** For `doctor`: whether the command starts an agent that speaks ACP, and what that can. */
import { tmpdir } from 'node:os';
import { AgentError, type AgentDescription } from '../agent.js';
import { Unreachable } from '../driver.js';
import { unreachable } from '../shared/patiently.js';
import { temporaryDirectory } from '../temporary-directory.js';
import { storeOf } from './ids.js';
import { checkContinues } from './load.js';
import { commandOf } from './program.js';
import { connectTo, type AcpAgent } from './session.js';

/** Opens no session, and sends nothing to a model. */
export async function describeAcp(agent: AcpAgent): Promise<AgentDescription> {
  const { config, name, home } = agent;
  const places = { store: storeOf(config.command ?? []), log: home.logFile };
  try {
    const { program } = await commandOf(config, name, tmpdir(), home.env);
    await using folder = await temporaryDirectory();
    const [connection, capabilities] = await connectTo(agent, folder.path, folder.path);
    await connection.process.end(true);
    checkContinues(capabilities, connection.title);
    const { info, load, logins } = capabilities;
    return {
      ...places,
      program,
      ...(info !== undefined && { version: info }),
      model: config.model ?? 'that of the agent',
      credentials: logins.length > 0 ? `its own; to log in it offers: ${logins.join(', ')}` : 'its own',
      note: [
        'Through ACP a prompt that is cut off by a crash ends as OUTCOME_UNKNOWN.',
        ...(load ? [] : ['It resumes sessions without replaying them, so there is no transcript.']),
      ].join(' '),
    };
  } catch (error) {
    if (error instanceof Unreachable) return { ...places, problem: unreachable(error, { log: home.logFile }).failure };
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
}
