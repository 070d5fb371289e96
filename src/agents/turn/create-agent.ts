/** Makes an agent for the activities from a driver and the turn protocol. */
import { isAbsolute } from 'node:path';
import { failure } from '../../contract/failures.js';
import { isId, type PromptId } from '../../contract/ids.js';
import { AgentError, type Agent, type OpenRequest, type SessionRef, type StoredSession } from '../agent.js';
import type { AgentDriver } from '../driver.js';
import { ActiveTurns } from './active-turns.js';
import { Attempt, type TurnContext } from './attempt.js';
import { Fence } from './fence.js';
import { patiently } from '../shared/patiently.js';
import { noteOfSize } from '../shared/store-size.js';
import { PromptNotes } from './prompt-notes.js';
import { runTurn } from './run-turn.js';
import { reachOf, stopTurn } from './stop-turn.js';
import { wellFormedTurn } from './well-formed.js';

/**
 * OpenCode 1.18.33 asks a model without an end if the model answers with an unknown finish reason.
 */
const MAX_STEPS = 500;

/** What the agents of one store share on this host: a fence, their active turns, and their notes. */
export class TurnRoom {
  readonly fence = new Fence();
  readonly active = new ActiveTurns();
  readonly notes: PromptNotes;
  #agents = 0;
  #pruned: Promise<void> | undefined;

  constructor(
    folder: string,
    private readonly log: (message: string, facts?: object) => void,
  ) {
    this.notes = new PromptNotes(folder);
  }

  /** Removes old notes, once. */
  prepare(): Promise<void> {
    this.#pruned ??= this.notes
      .prune()
      .catch((error: unknown) => this.log('Old notes of prompts could not be removed.', { reason: String(error) }));
    return this.#pruned;
  }

  enter(): void {
    this.#agents++;
  }

  leave(): void {
    if (--this.#agents > 0) return;
    this.fence.endAll(
      new AgentError(
        failure('AGENT_CRASHED', 'The worker is shutting down and let go of the agent.', 'Start a worker again.'),
        true,
      ),
    );
  }
}

export type AgentDefaults = Pick<OpenRequest, 'model' | 'variant' | 'mode'>;

export interface AgentOptions {
  name: string;
  driver: AgentDriver;
  room: TurnRoom;
  /** Used when a session is opened and the request names none. */
  defaults?: AgentDefaults;
  /** A turn that takes more steps is stopped. Default: 500. */
  maxSteps?: number;
}

/** Starts nothing. */
export function createAgent({ name, driver, room, defaults, maxSteps = MAX_STEPS }: AgentOptions): Agent {
  const context: TurnContext = { driver, notes: room.notes, active: room.active, maxSteps };
  let left = false;
  room.enter();
  return {
    name,
    capabilities: driver.capabilities,
    ...(driver.warm && { warm: () => driver.warm?.() ?? Promise.resolve() }),
    async open(request, signal) {
      await driver.check();
      return driver.open({ ...defaults, ...request }, signal);
    },
    ...forkBy(driver),
    async *turn(request, signal) {
      checkStore(request.session, driver);
      const attempt = new Attempt(wellFormedTurn(request), context);
      try {
        // Enters the fence before anything else. Entering ends the stops of earlier attempts. A
        // stop of this turn can only start after that, and is not ended.
        const place = await room.fence.enter(`session ${request.session.session_id}`, signal);
        try {
          await driver.check();
          await room.prepare();
          if (request.may_be_archived) await bringBack(request.session, driver, place.signal);
          yield* runTurn(attempt, request, context, place.signal);
        } finally {
          place.leave();
        }
      } finally {
        attempt.close();
      }
    },
    async cancel(session, signal, prompt) {
      checkStore(session, driver);
      await room.prepare();
      await room.fence.beside(`session ${session.session_id}`, signal, (beside) =>
        stopTurn(session, context, beside, prompt),
      );
    },
    ...removalBy(context, room),
    ...archiveOf(driver, room),
    ...readingBy(driver),
    ...(driver.priceOf && { priceOf: driver.priceOf.bind(driver) }),
    async transcript(session) {
      checkStore(session, driver);
      return driver.transcript(session);
    },
    async interface(session) {
      checkStore(session, driver);
      return driver.interactive(session);
    },
    async close(options) {
      if (!left) room.leave();
      left = true;
      await driver.close(options);
    },
  };
}

async function saidTo(
  session: SessionRef,
  prompt: PromptId,
  driver: AgentDriver,
  signal: AbortSignal,
): ReturnType<Agent['said']> {
  const sight = await patiently(reachOf(driver, session), signal, () =>
    driver.look(session, driver.keyOf(session, prompt)),
  );
  const { session_id } = session;
  if (!sight)
    throw new AgentError(failure('SESSION_LOST', `Session ${session_id} is no longer in ${driver.store}.`), false);
  if (sight.prompt === 'present') return sight.said();
  throw new AgentError(failure('OUTCOME_UNKNOWN', `Session ${session_id} does not have prompt ${prompt}.`), false);
}

/** Empty if the driver cannot copy a session. */
function forkBy(driver: AgentDriver): Pick<Agent, 'fork'> {
  const fork = driver.fork?.bind(driver);
  if (!fork) return {};
  return {
    async fork({ through, ...request }, signal) {
      checkStore(request.from, driver);
      await driver.check();
      return fork({ ...request, through: driver.keyOf(request.from, through) }, signal);
    },
  };
}

/** Nothing where the driver cannot delete. */
function removalBy(context: TurnContext, { fence }: TurnRoom): Pick<Agent, 'delete'> {
  const { driver } = context;
  const remove = driver.delete?.bind(driver);
  if (!remove) return {};
  return {
    async delete(session, signal) {
      checkStore(session, driver);
      await fence.alone(`session ${session.session_id}`, signal, async (alone) => {
        await stopTurn(session, context, alone);
        await patiently(reachOf(driver, session), alone, () => remove(session, alone));
      });
    },
  };
}

/** Nothing where the agent has no archive. */
function archiveOf(driver: AgentDriver, { fence }: TurnRoom): Pick<Agent, 'archive'> {
  const setArchived = driver.setArchived?.bind(driver);
  if (!setArchived) return {};
  return {
    async archive(session, signal) {
      checkStore(session, driver);
      return fence.alone(`session ${session.session_id}`, signal, (alone) =>
        patiently(reachOf(driver, session), alone, async () => {
          if (await driver.isBusy(session)) return 'busy';
          return (await setArchived(session, true)) ? 'archived' : 'missing';
        }),
      );
    },
  };
}

/** A session that is gone is found to be lost by the turn. */
async function bringBack(session: SessionRef, driver: AgentDriver, signal: AbortSignal): Promise<void> {
  await patiently(reachOf(driver, session), signal, async () => driver.setArchived?.(session, false));
}

/** What a turn said, and, where the driver can tell, which sessions its store has. */
function readingBy(driver: AgentDriver): Pick<Agent, 'describe' | 'said' | 'sessions' | 'find'> {
  const sessions = driver.sessions?.bind(driver);
  const find = driver.find?.bind(driver);
  return {
    async describe() {
      const said = await driver.describe();
      const note = [said.note, await noteOfSize(driver.store)].filter(Boolean).join(' ');
      return { ...said, ...(note && { note }) };
    },
    async said(session, prompt, signal) {
      checkStore(session, driver);
      return saidTo(session, prompt, driver, signal);
    },
    ...(sessions && { sessions: async () => (await sessions()).flatMap((session) => checked(session) ?? []) }),
    ...(find && {
      async find(session) {
        const stored = await find(session);
        const found = stored && checked(stored);
        return found && { ...found, store: driver.store };
      },
    }),
  };
}

/**
 * A store can hold anything, and a topic keeps what it is told. So a model that is no name is left
 * out. undefined: no session that work can go on in.
 */
function checked({ model, ...session }: StoredSession): StoredSession | undefined {
  if (!isId(session.session_id) || !isAbsolute(session.cwd)) return undefined;
  return { ...session, ...(isId(model) && { model }) };
}

/**
 * Makes sure that the session is in the driver's store. In another store, a session neither exists
 * nor is lost: this driver cannot tell.
 *
 * @throws AgentError that is retryable
 */
function checkStore({ session_id, store }: SessionRef, driver: AgentDriver): void {
  if (store === driver.store) return;
  const message = `Session ${session_id} was opened in the store ${store}, and this worker's agent uses ${driver.store}.`;
  throw new AgentError(
    failure(
      'OUTCOME_UNKNOWN',
      message,
      `Start the worker with the environment that it had then: ${driver.storeIsSetBy}.`,
    ),
    true,
  );
}
