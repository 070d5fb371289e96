import { closestMatch } from 'leven';

/** The name that was probably meant. Undefined when none is close enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length < 2) return undefined; // Of one letter, every short name would be close.
  return closestMatch(name, known, { maxDistance: Math.floor(name.length / 3) + 1 });
}
