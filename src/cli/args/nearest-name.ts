/** Loads the search on demand, because only an error needs it. */
export async function nearestOf(name: string, known: readonly string[]): Promise<string | undefined> {
  const { nearest } = await import('../../config/nearest.js');
  return nearest(name, known);
}
