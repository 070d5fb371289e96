/** What the turn of a session asks a person, and how it is answered. */
import type { PermissionRequest, QuestionRequest } from '@opencode-ai/sdk/v2/client';
import type { Answer, Ask } from '../../contract/asks.js';
import type { SessionId } from '../../contract/ids.js';
import type { AgentDriver } from '../driver.js';
import type { SessionRef } from '../agent.js';
import { permissionAsk, questionAsk } from './ask-of.js';
import { askIfThere } from './calls.js';
import type { OpenCodeHome } from './home.js';
import { sameOf } from './kept-answers.js';
import { answersTo, sameToAll } from './question-reply.js';
import { readSession, type Place } from './read-session.js';
import { isPermission, requestsIn, type Waiting } from './requests.js';
import type { Connection } from './server.js';
import { firstTryOf } from './sub-agents.js';
import { lastPromptOf, turnStateOf } from './turn-state.js';

/** OpenCode stops the turn after a denial without a text (1.18.33). */
const NO_REASON = 'This was denied.';

export function asksIn(home: OpenCodeHome): Required<Pick<AgentDriver, 'asks' | 'answer'>> {
  return {
    async asks(session) {
      const [connection, place] = await reach(home, session);
      const waiting = await settle(home, connection, place);
      const nameOf = waiting.some(({ subAgent }) => subAgent !== undefined)
        ? await namesOf(connection, place)
        : (id: string) => id;
      return waiting.flatMap((one) => askOf(one, nameOf) ?? []);
    },
    async answer(session, { ask_id }, answer) {
      const [connection, place] = await reach(home, session);
      const waiting = (await requestsIn(connection, place)).find(({ request }) => request.id === ask_id);
      if (!waiting) return;
      const { request } = waiting;
      if ('questions' in request) return answerQuestion(connection, place, request, answer);
      await answerPermission(home, connection, place, request, answer);
      await settle(home, connection, place);
    },
  };
}

async function reach(home: OpenCodeHome, session: SessionRef): Promise<[Connection, Place]> {
  const connection = await home.connect();
  return [connection, await home.placeOf(connection, session)];
}

/** `undefined` when OpenCode has not stored the call of the tool yet. The next look finds it. */
function askOf(waiting: Waiting, nameOf: (subAgent: string) => string): Ask | undefined {
  const { request, subAgent, call } = waiting;
  if (request.tool && call?.state.status !== 'running') return undefined;
  const session = subAgent === undefined ? {} : { session_id: nameOf(subAgent) as SessionId };
  if ('questions' in request) return { ...questionAsk(request), ...session };
  return { ...permissionAsk(request, call?.state.input), ...session };
}

/** Names each sub-agent by the session in which it was first tried. */
async function namesOf(connection: Connection, place: Place): Promise<(subAgent: string) => string> {
  const { messages = [] } = (await readSession(connection, place)) ?? {};
  const { answers } = turnStateOf(messages, lastPromptOf(messages) ?? '');
  return (subAgent) => firstTryOf(subAgent, answers);
}

/**
 * Gives to OpenCode what was answered before and can be given now.
 *
 * @returns what waits for a person, oldest first
 */
async function settle(home: OpenCodeHome, connection: Connection, place: Place): Promise<Waiting[]> {
  const waiting = await requestsIn(connection, place);
  if (waiting.length === 0) return [];
  const { always, denials } = await home.answers.of(place.sessionID);
  const allowed = waiting.filter((one) => isPermission(one) && always.includes(sameOf(one.request)));
  for (const { request } of allowed) await reply(connection, place, request.id, 'once');
  const open = waiting.filter((one) => !allowed.includes(one));
  const reasonOf = ({ request }: Waiting) => denials.find(({ id }) => id === request.id)?.because;
  const undecided = open.filter((one) => reasonOf(one) === undefined);
  for (const session of new Set(open.map(({ request }) => request.sessionID))) {
    if (undecided.some((one) => isPermission(one) && one.request.sessionID === session)) continue;
    const denied = open.filter((one) => one.request.sessionID === session && reasonOf(one) !== undefined);
    const because = [...new Set(denied.map(reasonOf))].join('\n');
    // The first denial takes the others of its session along.
    for (const { request } of denied) await reply(connection, place, request.id, 'reject', because);
  }
  return undecided;
}

/**
 * Ends what the turn waited for, after it was aborted. OpenCode keeps such a request, shows it to a
 * person, and would still run the tool if that person allowed it (1.18.33).
 */
export async function endAsks(connection: Connection, place: Place, waiting: Waiting[]): Promise<void> {
  for (const one of waiting)
    if (isPermission(one)) await reply(connection, place, one.request.id, 'reject', NO_REASON);
    else await rejectQuestion(connection, place, one.request.id);
}

async function answerPermission(
  home: OpenCodeHome,
  connection: Connection,
  place: Place,
  request: PermissionRequest,
  { decision, text }: Answer,
): Promise<void> {
  if (decision === 'always') await home.answers.addAlways(place.sessionID, request);
  if (decision === 'always' || decision === 'allow') await reply(connection, place, request.id, 'once');
  else await home.answers.addDenial(place.sessionID, request.id, text?.trim() || NO_REASON);
}

/** Does nothing when the request is gone. */
async function reply(
  { client }: Connection,
  { directory }: Place,
  requestID: string,
  decision: 'once' | 'reject',
  message?: string,
): Promise<void> {
  await askIfThere('take the answer', (options) =>
    client.permission.reply(
      { requestID, directory, reply: decision, ...(message !== undefined && { message }) },
      options,
    ),
  );
}

/**
 * A denial is an answer, too, if the questions take any text. OpenCode would stop the turn after a
 * rejection, and not report its text (1.18.33).
 */
async function answerQuestion(
  connection: Connection,
  place: Place,
  { id: requestID, questions }: QuestionRequest,
  { decision, text = '' }: Answer,
): Promise<void> {
  const answers =
    decision === 'deny'
      ? sameToAll(questions, `(The user declined to answer.${text.trim() && ` ${text.trim()}`})`)
      : answersTo(questions, text);
  if (!answers) return rejectQuestion(connection, place, requestID);
  await askIfThere('take the answer', (options) =>
    connection.client.question.reply({ requestID, directory: place.directory, answers }, options),
  );
}

async function rejectQuestion({ client }: Connection, { directory }: Place, requestID: string): Promise<void> {
  await askIfThere('take the answer', (options) => client.question.reject({ requestID, directory }, options));
}
