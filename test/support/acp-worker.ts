/**
 * Puts one prompt into a session of an ACP agent, and follows it: for tests that kill a worker.
 * Arguments: the folder, the session as JSON, the prompt's id, and the command.
 */
import type { SessionRef } from '../../src/agents/agent.js';
import { createAcp } from './acp-agent.js';
import { runTurn } from '../agents/run.js';

const [folder = '', session = '', id = '', ...command] = process.argv.slice(2);
const [agent] = createAcp({ folder, command, env: process.env });
await runTurn(agent, JSON.parse(session) as SessionRef, 'Go', id);
