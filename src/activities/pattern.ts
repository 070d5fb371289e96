/** Patterns of the config, in which `*` stands for text. */

/**
 * `*` matches anything within one simple command. It matches no character with which a shell starts
 * another command or writes a file, nor one with which a driver shows the end of a line (⏎) or that
 * a part is left out (…).
 */
export function matchesOneCommand(pattern: string, run: string): boolean {
  return like(pattern, '[^;&|<>$`\\\\\\n\\r(){}⏎…]*').test(run);
}

/** `*` matches anything. */
export function matchesText(pattern: string, text: string): boolean {
  return like(pattern, '[^]*').test(text);
}

function like(pattern: string, star: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join(star)}$`);
}
