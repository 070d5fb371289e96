/**
 * What becomes of this process when its output cannot be written. Used by the command line, the MCP server and the worker.
 *
 * - stderr: nothing. A log that is lost is no reason to leave turns, agents or servers behind.
 * - stdout, reader gone (EPIPE of `| head`, EIO of a closed terminal): nothing. What is under way is still brought to its end.
 * - stdout for any other reason, such as a full disk: the answer is lost. stderr says so, and the exit code is not 0.
 *
 * No handler here throws: an exception in it would end the process half-way.
 */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);
/** As of other failures of what this process runs on. */
const OUTPUT_LOST_EXIT = 7;

let lost = false;

/** Call it once, before anything is written. */
export function guardStreams(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', noteLoss);
}

/** Ends the process once all that was written is out. Calls and locks that are still held open do not keep it. */
export function exitWhenWritten(code: number): void {
  process.stdout.write('', () => {
    // The event of an error can come after this callback.
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
