/**
 * Reads the configs of the sessions' directories. A worker asks for the config of a session's directory
 * before each turn. The file is read each time, so a change counts for the next turn.
 */
import { loadConfig } from '../config.js';
import { Failed } from '../contract/failures.js';
import type { Environment } from '../host/environment.js';
import { readsOf } from './reads.js';
import type { Config } from './types.js';

/** How many directories are remembered with their last config that could be read. */
const MOST_DIRECTORIES = 1000;

export type NoteIgnored = (ignored: NonNullable<Config['ignored']>[number]) => void;

export class DirectoryConfigs {
  readonly #last = new Map<string, Config>();
  readonly #noted = new Set<string>();
  readonly #env: Environment;

  /** `own`: of the directory in which the worker was started. */
  constructor(
    private readonly own: Config,
    private readonly note: NoteIgnored,
    env: Environment = process.env,
  ) {
    this.#env = { ...env, ...readsOf(env) };
  }

  /**
   * The config of a directory, as it is now. Its data directory is the worker's.
   *
   * @throws ConfigInvalid CONFIG_INVALID, CONFIG_UNSAFE
   */
  async in(cwd: string): Promise<Config> {
    const config = await loadConfig({ cwd, dataDir: this.own.dataDir, env: { ...this.#env } });
    this.#last.delete(cwd);
    this.#last.set(cwd, config);
    for (const [oldest] of this.#last) if (this.#last.size > MOST_DIRECTORIES) this.#last.delete(oldest);
    for (const ignored of config.ignored ?? []) this.#noteOnce(ignored);
    return config;
  }

  /**
   * For work that must go on when the file is broken, such as the end of a turn. Then the last config that
   * could be read counts, otherwise the worker's own.
   */
  async lastIn(cwd: string): Promise<Config> {
    try {
      return await this.in(cwd);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      return this.#last.get(cwd) ?? this.own;
    }
  }

  #noteOnce(ignored: Parameters<NoteIgnored>[0]): void {
    const words = JSON.stringify(ignored);
    if (this.#noted.has(words)) return;
    if (this.#noted.size >= MOST_DIRECTORIES) this.#noted.clear();
    this.#noted.add(words);
    this.note(ignored);
  }
}
