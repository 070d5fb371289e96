/** Where words go: stdout holds the answer and nothing else; all that is said about it goes to stderr. */
import { jsonToTerminal, styledForTerminal, toTerminal, type Style } from './terminal-text.js';

export class Output {
  constructor(
    /** Whether the answer is one JSON document instead of text for people. */
    readonly json: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly err: NodeJS.WriteStream = process.stderr,
  ) {}

  /** The answer, in the one form or the other. */
  answer(document: unknown, text: string): void {
    if (this.json) {
      const json = JSON.stringify(document);
      this.out.write(`${this.out.isTTY ? jsonToTerminal(json) : json}\n`);
    } else if (text !== '') put(this.out, text.endsWith('\n') ? text : `${text}\n`);
  }

  /** A part of an answer that grows, as it is. */
  write(text: string): void {
    put(this.out, text);
  }

  /** Takes away what stands there, in a terminal; elsewhere everything stays. */
  clear(): void {
    if (this.out.isTTY && !this.json && process.env.TERM !== 'dumb') this.out.write('\u001b[H\u001b[2J');
  }

  /** About the answer, for people. */
  note(text: string, style: Style = 'dim'): void {
    put(this.err, `${styled(this.err, style, text)}\n`);
  }

  /** Something that is wrong: what happened, and what to do. */
  problem({ code, message, fix }: { code: string; message: string; fix: string }): void {
    put(this.err, `${styled(this.err, 'red', code)}: ${message}\n${fix}\n`);
  }

  /** Within the answer, where it is for people at a terminal. */
  styled(style: Style, text: string): string {
    return this.json ? text : styled(this.out, style, text);
  }

  /** What grows beside the answer, for people. */
  get beside(): Pick<Output, 'write' | 'styled'> {
    return { write: (text) => put(this.err, text), styled: (style, text) => styled(this.err, style, text) };
  }

  /** Whether a line on stderr that changes is of use to anyone. */
  get showsProgress(): boolean {
    return !this.json && this.err.isTTY && process.env.TERM !== 'dumb';
  }

  /** Overwrites the line that stands there; empty takes it away. */
  progress(line: string): void {
    const text = line.slice(0, (this.err.columns || 80) - 1);
    this.err.write(`\r\u001b[2K${toTerminal(styled(this.err, 'dim', text))}`);
  }
}

/** The one way for words to a stream. A pipe and a file get every byte. */
function put(stream: NodeJS.WriteStream, text: string): void {
  stream.write(stream.isTTY ? toTerminal(text) : text);
}

/** Colour is for terminals whose owner has not said otherwise. */
function styled(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const wanted = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return wanted && text !== '' ? styledForTerminal(style, text) : text;
}
