/** The time of the newest workflow task, the same in every replay. ISO 8601. */
export function now(): string {
  return new Date().toISOString();
}
