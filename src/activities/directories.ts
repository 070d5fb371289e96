/**
 * Knows which turns work in which directory of this host.
 *
 * 1. A turn that works alone waits until no other turn is in its directory. Several of them enter
 *    in the order in which they came.
 * 2. Every other turn enters at once. Turns that are in one directory at the same time know of each
 *    other.
 * 3. A topic that will be back keeps its place for a while, because its agent may still work there. A
 *    note in the data directory keeps the place when this process ends.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TopicId } from '../contract/ids.js';
import { isObject } from '../contract/is-object.js';
import { writePrivateFile } from '../host/private-file.js';

/** An attempt of a killed worker comes back within seconds. */
const KEPT_AFTER_START_MS = 30_000;

interface Directory {
  inside: Set<Stay>;
  /** The turns that wait to work alone, in their order. */
  waiting: Set<Waiter>;
  /** Topics that will be back, each with the timer that ends that. */
  kept: Map<TopicId, NodeJS.Timeout>;
}

interface Waiter {
  topic: TopicId;
  enter: () => void;
  /** Reports for which topic the turn waits. */
  waitsFor: (topic: TopicId) => void;
}

interface Visit {
  directory: string;
  topic: TopicId;
  alone: boolean;
  waitsFor: (topic: TopicId) => void;
  signal: AbortSignal;
}

export class Directories {
  readonly #directories = new Map<string, Directory>();
  #loaded: Promise<void> | undefined;

  /** @param folder where the notes are */
  constructor(private readonly folder: string) {}

  /** Waits until the turn may enter. @throws the signal's reason; then the turn did not enter */
  async enter({ directory, topic, alone, waitsFor, signal }: Visit): Promise<Stay> {
    await (this.#loaded ??= this.#load());
    signal.throwIfAborted();
    const at = this.#at(directory);
    if (alone) await this.#turnIn(at, { topic, waitsFor }, signal);
    const stay: Stay = new Stay(topic, at.inside, (forMs) => this.#left(directory, stay, forMs));
    at.inside.add(stay);
    this.#takeBack(at, topic);
    await this.#note(directory, topic);
    return stay;
  }

  #at(directory: string): Directory {
    const known = this.#directories.get(directory);
    if (known) return known;
    const at: Directory = { inside: new Set(), waiting: new Set(), kept: new Map() };
    this.#directories.set(directory, at);
    return at;
  }

  #turnIn(at: Directory, { topic, waitsFor }: Omit<Waiter, 'enter'>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        at.waiting.delete(waiter);
        reject(signal.reason as Error);
        this.#admit(at);
      };
      const waiter: Waiter = {
        topic,
        waitsFor,
        enter: () => {
          at.waiting.delete(waiter);
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      at.waiting.add(waiter);
      this.#admit(at);
    });
  }

  /** At most one enters: it is inside only once its promise is settled. */
  #admit(at: Directory): void {
    const isBack = [...at.waiting].find(({ topic }) => at.kept.has(topic));
    const next = isBack ?? [...at.waiting][0];
    for (const waiter of at.waiting) {
      const before = otherIn(at, waiter.topic) ?? (waiter === next ? undefined : next?.topic);
      if (before !== undefined) waiter.waitsFor(before);
    }
    if (!next || otherIn(at, next.topic) !== undefined) return;
    // No other turn may enter until this one is inside.
    this.#keep(at, next.topic, KEPT_AFTER_START_MS);
    next.enter();
  }

  async #left(directory: string, stay: Stay, comesBackWithinMs: number | undefined): Promise<void> {
    const at = this.#at(directory);
    if (!at.inside.delete(stay)) return;
    const isThere = [...at.inside].some(({ topic }) => topic === stay.topic);
    if (comesBackWithinMs !== undefined)
      this.#keep(at, stay.topic, comesBackWithinMs, () => void this.#forget(directory, stay.topic));
    else if (!isThere) await this.#forget(directory, stay.topic);
    this.#admit(at);
    if (at.inside.size + at.waiting.size + at.kept.size === 0) this.#directories.delete(directory);
  }

  #keep(at: Directory, topic: TopicId, ms: number, over: () => void = () => undefined): void {
    this.#takeBack(at, topic);
    const timer = setTimeout(() => {
      at.kept.delete(topic);
      over();
      this.#admit(at);
    }, ms);
    timer.unref();
    at.kept.set(topic, timer);
  }

  #takeBack({ kept }: Directory, topic: TopicId): void {
    clearTimeout(kept.get(topic));
    kept.delete(topic);
  }

  /** On a full disk there is no note. Only a kill in the middle of the turn would need it. */
  async #note(directory: string, topic: TopicId): Promise<void> {
    const text = JSON.stringify({ directory, topic });
    await writePrivateFile(this.#fileOf(directory, topic), text).catch(() => undefined);
  }

  async #forget(directory: string, topic: TopicId): Promise<void> {
    await rm(this.#fileOf(directory, topic), { force: true }).catch(() => undefined); // It is forgotten in time.
  }

  #fileOf(directory: string, topic: TopicId): string {
    const name = createHash('sha256')
      .update(JSON.stringify([directory, topic]))
      .digest('hex')
      .slice(0, 32);
    return join(this.folder, `${name}.json`);
  }

  /** Reads the notes of the worker before this one. */
  async #load(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []); // ENOENT: no turn has run here.
    for (const name of names) {
      const file = join(this.folder, name);
      const noted = notedIn(await readFile(file, 'utf8').catch(() => ''));
      const over = () => void rm(file, { force: true }).catch(() => undefined);
      if (noted) this.#keep(this.#at(noted.directory), noted.topic, KEPT_AFTER_START_MS, over);
      else over();
    }
  }
}

/** One turn in its directory, from its start to its end. */
export class Stay {
  /** The other topics whose turns were there meanwhile. */
  readonly others = new Set<TopicId>();

  constructor(
    readonly topic: TopicId,
    inside: ReadonlySet<Stay>,
    /** A second call does nothing. The topic keeps its place for `comesBackWithinMs`. */
    readonly leave: (comesBackWithinMs?: number) => Promise<void>,
  ) {
    for (const other of inside) {
      if (other.topic === topic) continue;
      other.others.add(topic);
      this.others.add(other.topic);
    }
  }
}

/** A topic that is in the directory, or will be back. */
function otherIn({ inside, kept }: Directory, topic: TopicId): TopicId | undefined {
  return [...[...inside].map((stay) => stay.topic), ...kept.keys()].find((one) => one !== topic);
}

function notedIn(text: string): { directory: string; topic: TopicId } | undefined {
  try {
    const noted: unknown = JSON.parse(text);
    if (!isObject(noted) || typeof noted.directory !== 'string' || typeof noted.topic !== 'string') return undefined;
    return { directory: noted.directory, topic: noted.topic as TopicId };
  } catch {
    return undefined; // SyntaxError: the machine lost its power while it was written.
  }
}
