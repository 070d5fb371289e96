import { closestMatch } from 'leven';

/** The name that was probably meant. Undefined when none is close enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  return closestMatch(name, known, { maxDistance: Math.floor(name.length / 3) + 1 });
}
