/** How many turns work at once on this host. The others wait, in the order in which they came. */
export interface TurnSlots {
  readonly count: number;
  /**
   * Waits for a slot.
   *
   * @returns a function that gives the slot back; a second call of it changes nothing
   * @throws the signal's reason; then no slot was taken
   */
  acquire(signal: AbortSignal): Promise<() => void>;
}

interface Waiting {
  take: (release: () => void) => void;
}

export function newTurnSlots(count: number): TurnSlots {
  const waiting = new Set<Waiting>();
  let free = count;

  function slot(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = waiting;
      if (!next) {
        free += 1;
        return;
      }
      waiting.delete(next);
      next.take(slot());
    };
  }

  return {
    count,
    acquire(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        if (free > 0) {
          free -= 1;
          return resolve(slot());
        }
        const leave = () => {
          waiting.delete(own);
          reject(signal.reason as Error);
        };
        const own: Waiting = {
          take: (release) => {
            signal.removeEventListener('abort', leave);
            resolve(release);
          },
        };
        waiting.add(own);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
}
