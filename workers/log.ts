/**
 * The worker's log, on stderr: a line for people, or JSON for machines. It never has the text of
 * prompts or replies.
 */
import pino from 'pino';
import type { Log } from '../src/activities/context.js';
import { toTerminal } from '../src/cli/terminal/terminal-text.js';

export function newLog(json: boolean): Log {
  if (json) {
    const stderr = pino.destination({ dest: 2, sync: true });
    stderr.on('error', () => undefined); // `guardStreams` does the same for process.stderr.
    const logger = pino({ name: 'continuity', base: { pid: process.pid } }, stderr);
    return (message, facts) => logger.info(facts ?? {}, message);
  }
  return (message, facts = {}) => {
    const shown = Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${wordOf(value)}`],
    );
    const line = [new Date().toISOString().slice(11, 19), message, ...shown].join(' ');
    // A failure that Temporal reports may quote what a sender sent.
    process.stderr.write(`${process.stderr.isTTY ? toTerminal(line) : line}\n`);
  };
}

function wordOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[\w.:/@,-]+$/.test(text) ? text : JSON.stringify(text);
}
