/** Only an error needs it: loaded then. */
export async function nearestOf(name: string, known: readonly string[]): Promise<string | undefined> {
  const { nearest } = await import('../config/nearest.js');
  return nearest(name, known);
}
