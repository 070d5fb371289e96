/** Follows the output of a session's runs. A worker before this one may have started the run. */
import { open } from 'node:fs/promises';
import type { SessionId } from '../../contract/ids.js';
import type { RunningTool } from '../agent.js';
import type { AgentSignal } from '../driver.js';
import { asksIn, waitsFor } from './asks.js';
import { OpenCalls } from './open-calls.js';
import type { Runs } from './runs.js';
import { Signals, type OutputLine } from './signals.js';

const EVERY_MS = 150;
const CHUNK = 256 * 1024;

export class Following {
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  /** The run whose output is read. */
  #run: string | undefined;
  #read = 0;
  #signals = new Signals();
  #calls = new OpenCalls();
  /** The oldest ask that is open. */
  #asked: string | undefined;

  constructor(
    readonly session: SessionId,
    private readonly runs: Runs,
    readonly tell: (signal: AgentSignal) => void,
  ) {}

  /** The tools that run in the session's run. */
  get running(): RunningTool[] {
    return this.#run === undefined ? [] : this.#calls.running;
  }

  begin(): void {
    this.#timer = setInterval(() => void this.#follow(), EVERY_MS);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #follow(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const run = this.runs.of(this.session);
      if (run?.id !== undefined && run.pid !== undefined) {
        if (run.id !== this.#run) this.#startOver(run.id);
        await this.#readOn();
        await this.#lookForAsks();
      } else if (!run && this.#run !== undefined) {
        await this.#readOn();
        this.#run = undefined;
        await this.#lookForAsks();
        this.#tell({ type: 'moved' });
      }
    } catch {
      // ENOENT, EIO. Progress is only for watching. The outcome of the turn is read from the
      // session.
    } finally {
      this.#reading = false;
    }
  }

  /** What is asked is not in the output. */
  async #lookForAsks(): Promise<void> {
    const [first] = await asksIn(this.runs, this.session);
    if (first?.ask_id === this.#asked) return;
    this.#asked = first?.ask_id;
    this.#tell({ type: 'blocked', ...(first && { on: waitsFor(first) }) });
  }

  #startOver(run: string): void {
    this.#run = run;
    this.#read = 0;
    this.#signals = new Signals();
    this.#calls = new OpenCalls();
  }

  async #readOn(): Promise<void> {
    await using file = await open(this.runs.outputOf(this.session));
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, this.#read);
      // Reads up to the last whole line, because a chunk can end within a character.
      const whole = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
      for (const line of buffer.subarray(0, whole).toString('utf8').split('\n')) this.#line(line);
      // A longer line has nothing that is shown, and is skipped.
      this.#read += whole === 0 && bytesRead === CHUNK ? CHUNK : whole;
      if (bytesRead < CHUNK) return;
    }
  }

  #line(text: string): void {
    if (!text.startsWith('{')) return;
    let line: OutputLine;
    try {
      line = JSON.parse(text) as OutputLine;
    } catch {
      return; // SyntaxError: the end of a line that was too long.
    }
    this.#calls.on(line);
    for (const signal of this.#signals.of(line)) this.#tell(signal);
  }

  #tell(signal: AgentSignal): void {
    if (this.#timer) this.tell(signal);
  }
}
