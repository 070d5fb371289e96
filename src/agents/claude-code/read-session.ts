/** Reads a session, and what became of a prompt in it. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { PromptKey, Sight } from '../driver.js';
import type { ClaudeHome } from './home.js';
import { isOurs, isSessionId } from './ids.js';
import { endOf, saidIn } from './outcome.js';
import { signalsOf } from './signals.js';
import { isMessage, type Row } from './rows.js';
import type { Run } from './runs.js';
import { fileElsewhere, sessionFileOf } from './store.js';
import { turnStateOf, type TurnState } from './turn-state.js';
import { answersIn, rowsOfSubAgents } from './usage.js';

export interface ClaudeSight extends Sight {
  state: TurnState;
  /** Whether the session's file has a message. If not, the session has to be started. */
  begun: boolean;
  /**
   * The last message of the turn. If the prompt is not in the session, the last message of the
   * session.
   */
  tail: string | undefined;
}

/** `undefined` when the store has no such session, and we did not open it a moment ago. */
export async function lookAt(home: ClaudeHome, session: SessionRef, key?: PromptKey): Promise<ClaudeSight | undefined> {
  // The id becomes a file name, and `--resume` would take it as the title of another session.
  if (!isSessionId(session.session_id)) return undefined;
  // Look for the run first. Once it has ended, the file no longer changes.
  const run = home.runs.of(session.session_id);
  const file = await sessionFileOf(home.store, session);
  const rows = (await home.rows.read(file, key ?? run?.key)) ?? [];
  const begun = rows.some(isMessage) && (await isWhole(home, session.session_id, rows));
  if (begun) await home.opened.seen(session.session_id);
  else if (!run && !(await home.opened.of(session.session_id))) return lostOrElsewhere(home, session, file);
  return sightOf(home, { session, file, rows, begun, run }, key ?? run?.key);
}

/** A kill can leave a part of a copy. The copy is then made again. */
async function isWhole(home: ClaudeHome, session: SessionId, rows: Row[]): Promise<boolean> {
  const fork = (await home.opened.of(session))?.fork;
  return fork === undefined || rows.some(({ uuid }) => uuid === fork.at);
}

/** Not lost where Claude Code would find it from another directory, such as one that has moved. */
async function lostOrElsewhere(
  { store }: ClaudeHome,
  { session_id, cwd }: SessionRef,
  file: string,
): Promise<undefined> {
  const elsewhere = await fileElsewhere(store, session_id);
  if (elsewhere === undefined || elsewhere === file) return undefined;
  throw new AgentError(
    failure(
      'CWD_MISSING',
      `Claude Code does not find session ${session_id} from ${cwd}: it was held in another directory, and is in ${elsewhere}. Nothing was put in.`,
      `If the directory has moved, move the session with it: mkdir -p ${dirname(file)} && mv ${elsewhere} ${file}. Else put the directory back where it was.`,
    ),
    false,
  );
}

interface Read {
  session: SessionRef;
  file: string;
  rows: Row[];
  begun: boolean;
  run: Partial<Run> | undefined;
}

async function sightOf(
  home: ClaudeHome,
  { session, file, rows, begun, run }: Read,
  wanted?: PromptKey,
): Promise<ClaudeSight> {
  const { session_id } = session;
  const state = turnStateOf(rows, wanted);
  const key =
    wanted ??
    (state.lastPrompt !== undefined && isOurs(state.lastPrompt) ? (state.lastPrompt as PromptKey) : undefined);
  const silent = !run && state.phase === 'mute' && (await saidItsEnd(home.runs.outputOf(session_id)));
  const end = endOf(state, session_id, silent);
  const subAgents = await rowsOfSubAgents(file, state.spent);
  const unstored = key === undefined ? [] : ((await home.unstored.get(key)) ?? []);
  return {
    state,
    begun,
    tail: (state.phase === 'absent' ? rows : state.turn).findLast(isMessage)?.uuid,
    ...defined({ key }),
    prompt: state.phase === 'absent' ? 'absent' : 'present',
    ...defined({ text: state.text, end }),
    superseded: state.superseded,
    busy: run
      ? run.key === key
        ? 'this'
        : 'ours'
      : !end && (await home.otherOn(session_id)) !== undefined
        ? 'theirs'
        : false,
    ...(run?.key === key && state.background > 0 && { background: state.background }),
    steps: answersIn(state.turn).size,
    fingerprint: state.fingerprint,
    done: () => signalsOf(state.turn),
    said: () => saidIn(state, subAgents, unstored),
  };
}

/** Whether the last run ended by itself, without an error. */
async function saidItsEnd(output: string): Promise<boolean> {
  const text = await readFile(output, 'utf8').catch(() => ''); // ENOENT: no run was started here.
  return text
    .split('\n')
    .some(
      (line) =>
        line.startsWith('{') &&
        line.includes('"type":"result"') &&
        line.includes('"subtype":"success"') &&
        line.includes('"is_error":false'),
    );
}
