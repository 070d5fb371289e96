/** e.g. `bash: npm test`, `read: src/index.ts`. */
export function stepOf(tool: string, input: Record<string, unknown>): string {
  const subject = ['command', 'filePath', 'pattern', 'url', 'query', 'description']
    .map((key) => input[key])
    .find((value) => typeof value === 'string');
  return subject === undefined ? tool : `${tool}: ${subject}`;
}
