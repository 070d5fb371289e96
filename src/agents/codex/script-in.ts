/**
 * The script that a shell is to run, e.g. `npm test` of `/bin/bash -lc 'npm test'`. Any other
 * command stays as it is.
 */
export function scriptIn(command: string): string {
  const script = /^(?:\S*\/)?(?:ba|z|da)?sh -l?c ([^]+)$/.exec(command)?.[1];
  if (script === undefined) return command;
  if (/^'[^']*'$/.test(script)) return script.slice(1, -1);
  if (/^"(?:[^"\\$`]|\\["\\$`])*"$/.test(script)) return script.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
  return /^[\w./:=@%+,-]+$/.test(script) ? script : command;
}
