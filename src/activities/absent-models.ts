/**
 * Remembers which models of this host cannot answer now, and until when. The topics of a host share
 * it: each of them would find out by itself otherwise, with a refused request in every turn. It is
 * lost with the worker, which costs one such request.
 */
export class AbsentModels {
  readonly #until = new Map<string, number>();

  note(kind: string, model: string | undefined, until: number): void {
    this.#until.set(nameOf(kind, model), until);
  }

  /** It has answered. */
  isBack(kind: string, model: string | undefined): void {
    this.#until.delete(nameOf(kind, model));
  }

  isAbsent(kind: string, model: string | undefined, now = Date.now()): boolean {
    return (this.#until.get(nameOf(kind, model)) ?? 0) > now;
  }
}

/** Without a model, it is the agent's own default. */
const nameOf = (kind: string, model: string | undefined) => JSON.stringify([kind, model ?? null]);
