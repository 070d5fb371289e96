/**
 * What this process does when its output cannot be written. The command line, the MCP server and
 * the worker use it.
 *
 * - stderr: nothing. A lost log is no reason to abandon turns, agents or servers.
 * - stdout, its reader is gone (EPIPE of `| head`, EIO of a closed terminal): nothing. The work in
 *   progress is still finished.
 * - stdout, for another reason such as a full disk: the answer is lost. stderr says so, and the
 *   exit code is not 0.
 *
 * No handler here throws, because an exception would end the process halfway.
 */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);
/** The exit code of other failures of the machine. */
const OUTPUT_LOST_EXIT = 7;

let lost = false;

/** Call it once, before any output. */
export function guardStreams(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', noteLoss);
}

/** Ends the process when all output is written. Open calls and locks do not delay it. */
export function exitWhenWritten(code: number): void {
  process.stdout.write('', () => {
    // The error event may come after this callback.
    if (process.stdout.errored) noteLoss(process.stdout.errored);
    process.stderr.write('', () => process.exit(code === 0 && lost ? OUTPUT_LOST_EXIT : code));
  });
}

function noteLoss(error: NodeJS.ErrnoException): void {
  if (lost || READER_GONE.has(error.code ?? '')) return;
  lost = true;
  process.stderr.write(
    `OUTPUT_LOST: The answer could not be written to stdout: ${error.message}.\n` +
      'Make room there, then ask again. A prompt that was accepted is kept: continuity outcome\n',
  );
}
