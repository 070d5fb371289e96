/**
 * What the chaos run knows of an agent: how it is set up apart from the person's own, which
 * processes are its program, and what its store holds. It shares no reader with the agent's driver,
 * so that the two can't be wrong in the same way.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { AGENT_MARKER } from '../../../src/host/process-tree.js';
import type { AgentConfig } from '../../../src/config.js';
import type { RefusedAnswer } from '../../../scripted/model.js';
import { processesOf } from '../../support/processes.js';
import type { Message } from '../judge.js';
import { LABEL } from '../plan.js';

/** When a usage limit ends that an agent names, in seconds from now. */
export const RESET_AFTER_S = 5;

/** Below the chaos run's directory. */
export interface Folders {
  dir: string;
  /** Where the agent's driver keeps what is its own. */
  driver: string;
  /** In which the agent works. */
  project: string;
}

export interface Stored {
  /** By session: the user's messages, in order. */
  store: Map<string, Message[]>;
  /** By session: the topic that it was opened for, where the store tells. */
  openedFor: Map<string, string>;
}

export interface ChaosAgent {
  /** Its entry in the config. */
  config: AgentConfig;
  /**
   * Whether an open that is cut off can leave an empty session, because the agent chooses the id.
   */
  leavesEmptySessions: boolean;
  /**
   * Whether the agent may fail to start, even where nothing is killed. Such a prompt has no session,
   * and was not put in.
   */
  mayNotStart?: true;
  /** The names of its program's file. */
  programs: readonly string[];
  /**
   * Files in the driver's folder that are written right before a put. Absent: the request to the
   * model follows at once.
   */
  noteOfPut?: RegExp;
  /** Writes what it needs. @returns what is in its environment */
  isolate(dir: string, modelUrl: string): Promise<Record<string, string>>;
  /** As `BASH`, where a command asks in another way. */
  calls?: string;
  /** What a provider answers whose usage limit is reached. */
  limit(): RefusedAnswer;
  /** Fails while the agent cannot be asked. */
  stored(folders: Folders): Promise<Stored>;
}

/** Of the program, without its tools. */
export function programsOf(agent: ChaosAgent, dir: string): number[] {
  return markedIn(dir).filter((pid) => agent.programs.includes(programOf(pid)));
}

/** The program and its tools. */
export function markedIn(dir: string): number[] {
  const own = new Set(processesOf(dir));
  return processesOf(`${AGENT_MARKER}=`).filter((pid) => own.has(pid));
}

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return ''; // ENOENT: it ended meanwhile.
  }
}

/** A message of a user: its label, and how many texts it has. */
export function messageOf(texts: string[]): Message {
  return { label: labelIn(texts.join('\n')), texts: texts.length };
}

export function labelIn(text: string): string {
  return LABEL.exec(text)?.[0] ?? text;
}

/** The whole lines of a file of JSON lines. A kill can tear one. */
export function linesOf<T>(text: string): T[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as T];
    } catch {
      return []; // SyntaxError: torn, or the end of the file.
    }
  });
}

/** The files below a folder that end so. */
export function filesBelow(folder: string, ending: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith(ending));
}
