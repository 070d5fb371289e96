/** The time of the workflow: that of its newest task, the same in every replay. ISO 8601. */
export function now(): string {
  return new Date().toISOString();
}
