/**
 * Writes to stdout and stderr. stdout holds the answer and nothing else. Everything about the
 * answer goes to stderr.
 */
import { jsonToTerminal, styledForTerminal, toTerminal, type Style } from './terminal-text.js';

export class Output {
  constructor(
    /** Whether the answer is a JSON document instead of text. */
    readonly json: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly err: NodeJS.WriteStream = process.stderr,
  ) {}

  /** Prints the answer as JSON or as text. */
  answer(document: unknown, text: string): void {
    if (this.json) {
      const json = JSON.stringify(document);
      this.out.write(`${this.out.isTTY ? jsonToTerminal(json) : json}\n`);
    } else if (text !== '') put(this.out, text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Prints a part of an answer as it arrives. */
  write(text: string): void {
    put(this.out, text);
  }

  /** Clears a terminal. Does nothing elsewhere. */
  clear(): void {
    if (this.out.isTTY && !this.json && process.env.TERM !== 'dumb') this.out.write('\u001b[H\u001b[2J');
  }

  /** Prints a remark about the answer, for people. */
  note(text: string, style: Style = 'dim'): void {
    put(this.err, `${styled(this.err, style, text)}\n`);
  }

  /** Prints a problem: what happened, and what to do. */
  problem({ code, message, fix }: { code: string; message: string; fix: string }): void {
    put(this.err, `${styled(this.err, 'red', code)}: ${message}\n${fix}\n`);
  }

  /** Styles a part of the answer when a terminal shows it to a person. */
  styled(style: Style, text: string): string {
    return this.json ? text : styled(this.out, style, text);
  }

  /** Writes to stderr, for text that grows beside the answer. */
  get beside(): Pick<Output, 'write' | 'styled'> {
    return { write: (text) => put(this.err, text), styled: (style, text) => styled(this.err, style, text) };
  }

  /** Whether stderr can show a line that changes. */
  get showsProgress(): boolean {
    return !this.json && this.err.isTTY && process.env.TERM !== 'dumb';
  }

  /** How many characters a line of the answer has. */
  get columns(): number {
    return this.out.columns || 80;
  }

  /** Whether the answer may be drawn with characters that are not of ASCII. */
  get draws(): boolean {
    return this.out.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  }

  /** Replaces the current line of stderr. An empty text clears it. */
  progress(line: string): void {
    const text = line.slice(0, (this.err.columns || 80) - 1);
    this.err.write(`\r\u001b[2K${toTerminal(styled(this.err, 'dim', text))}`);
  }
}

/** All text passes here. Terminals get cleaned text, pipes and files get every byte. */
function put(stream: NodeJS.WriteStream, text: string): void {
  stream.write(stream.isTTY ? toTerminal(text) : text);
}

/** Colours only a terminal whose user has not turned colours off. */
function styled(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const wanted = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return wanted && text !== '' ? styledForTerminal(style, text) : text;
}
