/**
 * Replaces a server that should not go on as it is, once no turn works in it. A prompt that comes in
 * meanwhile waits, and goes to the new server.
 */
import { Unreachable } from '../driver.js';

/** A reason: the server was adopted, and is not what a new one would be. */
export const OUTDATED = 'a new one has another program or environment';

export interface Replaceable {
  /** For a person, e.g. `Codex`. */
  title: string;
  /** Why no other turn should begin in it. `undefined` when one may. */
  whyReplace(): Promise<string | undefined>;
  /** Why another one is better after its turns, such as the memory that it takes. */
  whyRecycle?(): Promise<string | undefined>;
  /** Whether a turn works in it, no matter who began it. True, too, when that is not known. */
  isBusy(): Promise<boolean>;
  /**
   * Ends it and starts another. Whoever connects meanwhile waits for the other.
   *
   * @returns whether it did. Where no other can be started, this one is kept.
   */
  replace(): Promise<boolean>;
  log(message: string, facts?: object): void;
}

export class Replacement {
  /** The prompts that this process has put in, as long as it follows their turns. */
  readonly #followed = new Set<string>();
  #trying: Promise<boolean> | undefined;

  constructor(private readonly server: Replaceable) {}

  /**
   * Called right before a prompt is put in. From then on its turn keeps the server.
   *
   * @throws Unreachable when the server was replaced: what was seen through it is no longer valid
   */
  async enter(key: string): Promise<void> {
    if (await this.#try(false)) throw new Unreachable(`${this.server.title} was replaced since the last look`);
    this.#followed.add(key);
  }

  /** The turn of the prompt is no longer followed. It may work on. */
  leave(key: string): void {
    if (this.#followed.delete(key)) this.whenIdle();
  }

  /** Replaces the server if nothing works in it, without a prompt that waits for it. */
  whenIdle(): void {
    this.#try(true).catch((error: unknown) =>
      this.server.log(`${this.server.title} could not be replaced.`, { reason: String(error) }),
    );
  }

  /** @returns whether the server was replaced */
  async #try(afterTurns: boolean): Promise<boolean> {
    return (this.#trying ??= this.#replaced(afterTurns).finally(() => (this.#trying = undefined)));
  }

  /** Before a turn, a new server is not looked at for its size: one that is too large would be replaced for ever. */
  async #replaced(afterTurns: boolean): Promise<boolean> {
    const { server } = this;
    const why = (await server.whyReplace()) ?? (afterTurns ? await server.whyRecycle?.() : undefined);
    if (why === undefined || this.#followed.size > 0) return false;
    // A prompt may have entered while the server was asked.
    if ((await server.isBusy()) || this.#followed.size > 0) return false;
    server.log(`${server.title} is replaced, because ${why}.`);
    return server.replace();
  }
}

/** The program of another server. `undefined` when there is none, and the server that runs is kept. */
export async function programInstead({
  program,
  log,
}: {
  program: () => Promise<string>;
  log: (message: string, facts?: object) => void;
}): Promise<string | undefined> {
  try {
    return await program();
  } catch (error) {
    log('The server is kept, because no other can be started.', { reason: String(error) });
    return undefined;
  }
}
