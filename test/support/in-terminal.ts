/** The command as a person has it: in a terminal, which `script` makes. */
import { execa } from 'execa';
import { quoted } from '../../src/cli/terminal/words.js';
import { CONTINUITY } from '../integration/cli-command.js';

export interface Terminal {
  cwd: string;
  env: Record<string, string | undefined>;
  columns?: number;
}

export function commandInTerminal(words: string[], { cwd, env, columns = 80 }: Terminal) {
  const line = `stty cols ${columns} rows 30; exec ${[process.execPath, CONTINUITY, ...words].map(quoted).join(' ')}`;
  const terminal = execa('script', ['-qefc', line, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm-256color', ...env },
    extendEnv: false,
    reject: false,
    stdin: 'pipe',
    timeout: 60_000,
  });
  let seen = '';
  terminal.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  return { terminal, seen: () => seen };
}
