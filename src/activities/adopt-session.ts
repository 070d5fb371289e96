/**
 * Takes over a session that is in an agent's own store on this host, so that a topic can go on in
 * it. Nothing is changed in it. What is pinned is what the session has: agent, directory, model.
 */
import { realpath, stat } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import type { Config } from '../config.js';
import type { FoundSession } from '../agents/agent.js';
import { defined } from '../contract/defined.js';
import { failed } from '../contract/failures.js';
import { claim } from './claims.js';
import { findInStores } from './find-in-stores.js';
import type { ActivityContext } from './context.js';
import { contextIn } from './configured.js';
import { kindOf } from './resolve.js';
import { refusal } from './translate.js';
import type { AdoptSessionInput, OpenSessionOutput } from './types.js';
import { withHeartbeats } from './with-heartbeats.js';

/** An attempt that is repeated finds what the one before it found. */
export async function adoptSession(input: AdoptSessionInput, worker: ActivityContext): Promise<OpenSessionOutput> {
  return withHeartbeats(async () => {
    const { topic, session_id } = input;
    const { found, cwd, context } = await foundIn(input, worker);
    const project = await context.projectOf(cwd);
    if (input.project !== undefined && input.project !== project)
      throw failed(
        'TOPIC_ELSEWHERE',
        `Topic ${topic} belongs to project ${input.project}; session ${session_id} belongs to project ${project}.`,
        'Take the session over on another topic.',
      );
    await claim(Context.current().client, context.config.dataDir, input);
    return { session_id, pinned: { ...pinnedOf(found, context), project, cwd, ...(await askedAs(input, found, cwd)) } };
  });
}

/** The directory of the session is known once it is found. Its config names and configures the agent. */
async function foundIn(input: AdoptSessionInput, worker: ActivityContext) {
  const { agent: named, session_id } = input;
  const here = await findInStores({ session_id, ...(named && worker.agents.has(named) && { agent: named }) }, worker);
  const cwd = await directoryOf(here, worker.host);
  const context = await contextIn(cwd, worker);
  const isFound = context.config === worker.config && here.agent === (named ?? here.agent);
  return { found: isFound ? here : await findInStores(input, context), cwd, context };
}

/** A variant belongs to the model that config names it with. What a turn may do is config's, too. */
function pinnedOf({ agent, store, model }: FoundSession & { agent: string }, { config, host }: ActivityContext) {
  const configured = config.agents[agent];
  const { model: usual, variant, mode } = configured ?? ({} as Partial<Config['agents'][string]>);
  const its = model ?? usual;
  const kind = configured && kindOf(agent, configured);
  return {
    ...defined({ agent, kind, model: its, variant: its === usual ? variant : undefined, mode }),
    host,
    store,
    on_lost: config.onLost,
    host_timeout_ms: config.limits.hostTimeoutMs,
  };
}

async function directoryOf({ session_id, cwd }: FoundSession, host: string): Promise<string> {
  const found = await stat(cwd).catch(() => undefined); // ENOENT, ENOTDIR, EACCES: no directory to work in.
  if (found?.isDirectory()) return realpath(cwd);
  throw refusal('CWD_MISSING', `Session ${session_id} works in ${cwd}, which is not a directory on host ${host}.`);
}

/** Another name of the directory: as the caller spells it, else as the session does. */
async function askedAs({ cwd: asked }: AdoptSessionInput, found: FoundSession, cwd: string) {
  const isSame = asked !== undefined && (await realpath(asked).catch(() => undefined)) === cwd; // ENOENT
  const name = isSame ? asked : found.cwd;
  return name === cwd ? {} : { asked_cwd: name };
}
