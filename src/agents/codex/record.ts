/** The record of the running server. */
import * as z from 'zod';
import { Makings } from '../shared/makings.js';

export const ServerRecord = z.object({
  pid: z.number().int().positive(),
  /** Together with the pid it names one process (ProcessIdentity). */
  started: z.string().min(1),
  socket: z.string().min(1),
  store: z.string(),
  /** Absent in a record of an older release. */
  made: Makings.optional(),
});

export type ServerRecord = z.infer<typeof ServerRecord>;
