/**
 * Notes each running activity in the data directory, in one small file. The file is written before
 * the work starts and removed after it. So a file that exists when a worker starts is work that the
 * worker before has left.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import * as z from 'zod';
import type { Log } from '../src/activities/context.js';
import { WORKER_STOPPED } from '../src/activities/translate.js';
import type { StopTurnInput } from '../src/activities/types.js';

const recordSchema = z.object({
  /** Base64. With this token, the server lets anyone end the attempt. */
  taskToken: z.string(),
  activity: z.string(),
  activityId: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  /** The session in which the agent works for the activity. */
  session: z.custom<StopTurnInput>((value) => sessionIn([value]) !== undefined).optional(),
});

export type RunningActivity = z.infer<typeof recordSchema>;

/**
 * A file that cannot be written is logged. Without the file, a crash is noticed by the missing
 * heartbeat, some seconds later.
 */
export function recordsRunning(dataDir: string, log: Log): ActivityInterceptorsFactory {
  const folder = folderIn(dataDir);
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        // A local activity is part of its workflow task, and the server has no token for it.
        if (info.isLocal || !info.workflowExecution) return next(input);
        const { workflowId, runId } = info.workflowExecution;
        const session = sessionIn(input.args);
        const record: RunningActivity = {
          taskToken: info.base64TaskToken,
          activity: info.activityType,
          activityId: info.activityId,
          workflowId,
          runId,
          ...(session && { session }),
        };
        let letGo = false;
        const file = join(folder, `${createHash('sha256').update(info.taskToken).digest('hex').slice(0, 32)}.json`);
        try {
          await mkdir(folder, { recursive: true, mode: 0o700 });
          await writeFile(file, JSON.stringify(record), { mode: 0o600 });
        } catch (error) {
          log('running activity could not be noted', {
            activity: record.activity,
            workflow_id: workflowId,
            error: reasonOf(error),
          });
        }
        try {
          return await next(input);
        } catch (error) {
          letGo = error instanceof ApplicationFailure && error.type === WORKER_STOPPED;
          throw error;
        } finally {
          // The agent may continue what this worker lets go of. The next worker checks whether a
          // caller still waits for it.
          if (!letGo)
            await rm(file, { force: true }).catch((error: unknown) =>
              log('note of an activity could not be removed', { file, error: reasonOf(error) }),
            );
        }
      },
    },
  });
}

export interface LeftBehind {
  activity: RunningActivity;
  /** Removes the note. */
  done: () => Promise<void>;
}

/**
 * The activities that a worker before has left here. Called under the lock of the data directory,
 * before this worker takes any task.
 */
export async function leftBehind(dataDir: string, log: Log): Promise<LeftBehind[]> {
  const folder = folderIn(dataDir);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // No worker has run here.
    throw error;
  });
  const all = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      try {
        return await leftIn(file);
      } catch (error) {
        // The file belongs to another user, or is a folder. The other notes are still of use.
        log('note of an activity could not be read', { file, error: reasonOf(error) });
        return undefined;
      }
    }),
  );
  return all.filter((one) => one !== undefined);
}

async function leftIn(file: string): Promise<LeftBehind | undefined> {
  const done = () => rm(file, { force: true });
  const activity = recordIn(await readFile(file, 'utf8'));
  if (activity) return { activity, done };
  await done(); // Its worker died while it wrote the note, which is before the work started.
  return undefined;
}

function recordIn(text: string): RunningActivity | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // SyntaxError: half a file.
  }
}

function sessionIn([input]: unknown[]): StopTurnInput | undefined {
  const { topic, session_id, pinned } = (input ?? {}) as Partial<StopTurnInput>;
  return topic !== undefined && session_id !== undefined && pinned !== undefined
    ? { topic, session_id, pinned }
    : undefined;
}

function folderIn(dataDir: string): string {
  return join(dataDir, 'running');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
