/** The lines with which a file begins. What sessions begin with is told without reading the whole of them. */
import { open } from 'node:fs/promises';

/**
 * As many as begin in the first `most` bytes and end there: a line that was cut off is left out.
 * None where the file is not there.
 */
export async function firstLinesOf(file: string, most: number): Promise<string[]> {
  try {
    await using opened = await open(file);
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(most), 0, most, 0);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return bytesRead < most ? lines : lines.slice(0, -1);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
