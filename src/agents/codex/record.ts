/** The record of the running server. */
import * as z from 'zod';

export const ServerRecord = z.object({
  pid: z.number().int().positive(),
  /** Together with the pid it names one process (ProcessIdentity). */
  started: z.string().min(1),
  socket: z.string().min(1),
  store: z.string(),
});

export type ServerRecord = z.infer<typeof ServerRecord>;
