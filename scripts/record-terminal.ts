/**
 * `npm run record-terminal` runs the demo in a terminal that `script` creates, and writes a
 * recording to docs/demo.svg. xterm interprets the escape codes, as a terminal window does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import xterm, { type IBufferLine, type Terminal } from '@xterm/headless';
import { svgOf, type Recording, type Span } from './terminal-svg.js';

const SIZE = { columns: 132, rows: 38 };
const TYPED = 'npm run demo';
const root = fileURLToPath(new URL('..', import.meta.url));
const file = fileURLToPath(new URL('../docs/demo.svg', import.meta.url));

/** Writes text to the screen and records the changes. */
class Recorder {
  readonly recording: Recording = { ...SIZE, versions: [], scrolls: [] };
  readonly #terminal: Terminal = new xterm.Terminal({
    cols: SIZE.columns,
    rows: SIZE.rows,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  readonly #shown = new Map<number, string>();
  #top = 0;
  #written = Promise.resolve();

  write(text: string | Uint8Array, atMs: number): void {
    this.#written = this.#written
      .then(() => new Promise<void>((done) => this.#terminal.write(text, done)))
      .then(() => this.#note(atMs));
  }

  async ended(): Promise<Recording> {
    await this.#written;
    return this.recording;
  }

  #note(atMs: number): void {
    const { active } = this.#terminal.buffer;
    // Rows that have scrolled away no longer change.
    for (let row = this.#top; row < active.length; row += 1) {
      const spans = spansOf(active.getLine(row));
      const now = JSON.stringify(spans);
      if (now === (this.#shown.get(row) ?? '[]')) continue;
      this.#shown.set(row, now);
      this.recording.versions.push({ row, atMs, spans });
    }
    if (active.baseY === this.#top) return;
    this.#top = active.baseY;
    this.recording.scrolls.push({ atMs, top: active.baseY });
  }
}

/**
 * Joins neighbouring cells of the same style into one span. A span ends between two blanks, because
 * not every viewer keeps a run of blanks.
 */
function spansOf(line: IBufferLine | undefined): Span[] {
  const spans: Span[] = [];
  for (let column = 0; line && column < line.length; column += 1) {
    const cell = line.getCell(column);
    const text = cell?.getChars() ?? '';
    if (!cell || text === '') continue;
    const colour = cell.isFgPalette() && cell.getFgColor() < 16 ? cell.getFgColor() : undefined;
    const bold = cell.isBold() !== 0;
    const last = spans.at(-1);
    if (last && last.colour === colour && last.bold === bold && last.column + last.text.length === column)
      last.text += text;
    else spans.push({ text, column, bold, ...(colour !== undefined && { colour }) });
  }
  return spans.flatMap(({ text, column, ...look }) =>
    [...text.matchAll(/\S+( \S+)*/g)].map((words) => ({ text: words[0], column: column + words.index, ...look })),
  );
}

const recorder = new Recorder();
recorder.write(`\u001b[32m$\u001b[0m ${TYPED}\r\n`, 0);
const command = `stty cols ${SIZE.columns} rows ${SIZE.rows}; exec npm --silent run demo`;
const inTerminal =
  process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qefc', command, '/dev/null'];
const env = Object.fromEntries(
  Object.entries({ ...process.env, TERM: 'xterm-256color' }).filter(([name]) => name !== 'NO_COLOR'),
);
const demo = spawn('script', inTerminal, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
const startedAt = performance.now();
demo.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk);
  recorder.write(chunk, Math.round(performance.now() - startedAt));
});
const [code] = (await once(demo, 'close')) as [number | null];
if (code !== 0) throw new Error(`The demo ended with exit code ${code}, so docs/demo.svg was not written.`);
const svg = svgOf(await recorder.ended());
await writeFile(file, svg);
process.stdout.write(`${file}: ${(svg.length / 1024).toFixed(0)} KB\n`);
