/** What an example claims, and whether it holds. */
export interface Claim {
  claim: string;
  holds: boolean;
}

/** @returns whether all hold */
export function printClaims(claims: Claim[]): boolean {
  for (const { claim, holds } of claims) process.stdout.write(`${holds ? '✓' : '✗'} ${claim}\n`);
  return claims.every(({ holds }) => holds);
}

/** Whether the texts are the same, in whatever order. */
export function same(some: string[], others: string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
}

/** A prompt without what is for the scripted model. */
export function wordsOf(prompt: string): string {
  return prompt.replace(/\s*\[\[.*?\]\]/g, '');
}

/** The scripted model names the prompts that it was sent: that the conversation came along can be read from its reply. */
export function knows(reply: string, prompts: string[]): boolean {
  return prompts.every((prompt) => reply.includes(`"${wordsOf(prompt)}"`));
}
