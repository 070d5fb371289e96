/**
 * What a watcher sees while an agent waits to ask its provider again. The time comes first, because
 * a reason can be long. `until`: ISO 8601. Absent: the agent does not say when it asks.
 */
export function askedAgain(why: string, until?: string): string {
  const when = until === undefined ? '' : ` at ${until.slice(0, 19)}Z`;
  return `the provider is asked again${when}: ${why}`;
}
