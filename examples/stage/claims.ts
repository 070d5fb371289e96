/** A claim of an example, and whether it holds. */
import { styled } from './say.js';

export interface Claim {
  claim: string;
  holds: boolean;
}

/** @returns whether all claims hold */
export function printClaims(claims: Claim[]): boolean {
  for (const { claim, holds } of claims)
    process.stdout.write(`${holds ? styled('green', '✓') : styled('red', '✗')} ${claim}\n`);
  return claims.every(({ holds }) => holds);
}

/** Whether the texts are the same, in any order. */
export function same(some: string[], others: string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
}

/** The prompt without the directives for the scripted model. */
export function wordsOf(prompt: string): string {
  return prompt.replace(/\s*\[\[.*?\]\]/g, '');
}

/**
 * Whether the reply names these prompts. The scripted model names the prompts that it received, so
 * its reply shows whether the conversation was complete.
 */
export function knows(reply: string, prompts: string[]): boolean {
  return prompts.every((prompt) => reply.includes(`"${wordsOf(prompt)}"`));
}
