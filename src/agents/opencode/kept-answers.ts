/**
 * Answers that OpenCode 1.18.33 would apply to more than they are meant for. So they are kept here,
 * on disk, and given to OpenCode at the right time.
 *
 * - `always`: OpenCode itself allows the same to every session of the directory, and only until its
 *   server ends.
 * - A denial: OpenCode itself denies whatever else waits for permission in the session, without a
 *   person having seen it. So a denial waits until the others are answered.
 */
import type { PermissionRequest } from '@opencode-ai/sdk/v2/client';
import { join } from 'node:path';
import * as z from 'zod';
import type { SessionId } from '../../contract/ids.js';
import { DurableFacts } from '../shared/durable-facts.js';

const Kept = z.object({
  /** What is always allowed, as `sameOf` writes it. The newest is last. */
  always: z.array(z.string()),
  denials: z.array(z.object({ id: z.string(), because: z.string() })),
});
export type Kept = z.infer<typeof Kept>;

const NOTHING: Kept = { always: [], denials: [] };
const MOST_ALWAYS = 200;
const MOST_DENIALS = 100;
/** A topic can rest for months between two prompts. */
const KEPT_FOR_MS = 90 * 24 * 60 * 60 * 1000;

export class KeptAnswers {
  readonly #facts: DurableFacts<Kept>;
  #pruned: Promise<void> | undefined;

  constructor(folder: string) {
    this.#facts = new DurableFacts(join(folder, 'answers'), Kept);
  }

  async of(session: SessionId): Promise<Kept> {
    return (await this.#facts.get(session)) ?? NOTHING;
  }

  async addAlways(session: SessionId, request: PermissionRequest): Promise<void> {
    const kept = await this.of(session);
    const same = sameOf(request);
    const always = [...kept.always.filter((one) => one !== same), same].slice(-MOST_ALWAYS);
    await this.#facts.set(session, { ...kept, always });
  }

  async addDenial(session: SessionId, id: string, because: string): Promise<void> {
    const kept = await this.of(session);
    const denials = [...kept.denials.filter((one) => one.id !== id), { id, because }].slice(-MOST_DENIALS);
    await this.#facts.set(session, { ...kept, denials });
  }

  async forget(session: SessionId): Promise<void> {
    await this.#facts.remove(session);
  }

  /** Forgets what was kept long ago, once. */
  prune(): Promise<void> {
    return (this.#pruned ??= this.#facts.prune(Date.now() - KEPT_FOR_MS));
  }
}

/**
 * What "always" allows again: the same command, the same files, the same directory, the same
 * address. Of the tool of an MCP server, any use, because OpenCode asks for no less.
 */
export function sameOf({ permission, patterns, metadata }: PermissionRequest): string {
  // The patterns of a command leave out what sets its environment.
  const what = permission === 'bash' ? metadata['command'] : undefined;
  return JSON.stringify([permission, typeof what === 'string' ? what : patterns]);
}
