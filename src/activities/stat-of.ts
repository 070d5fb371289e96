/** Files that changed, as text for an agent: one a line, within a bound. Pure. */
import { utf8Length } from '../contract/text.js';

export interface ChangedFile {
  path: string;
  /** `new`: git does not track it yet. */
  how: 'new' | 'deleted' | 'binary' | { added: number; deleted: number };
}

const MAX_PATH_LENGTH = 200;
/** Room for the line that says how many were left out. */
const REST_BYTES = 40;

/** Empty when nothing changed. */
export function statOf(files: ChangedFile[], mostBytes: number): string {
  const [first] = files;
  if (!first) return '';
  const total = totalOf(files);
  let left = mostBytes - utf8Length(total) - REST_BYTES;
  const lines: string[] = [];
  for (const file of files) {
    const line = lineOf(file);
    left -= utf8Length(line) + 1;
    if (left < 0) break;
    lines.push(line);
  }
  const rest = files.length - lines.length;
  return [...lines, ...(rest > 0 ? [`… and ${rest} more`] : []), total].join('\n');
}

function lineOf({ path, how }: ChangedFile): string {
  return `${shown(path)} | ${typeof how === 'string' ? how : `+${how.added} -${how.deleted}`}`;
}

/** On one line, whatever a file is called. */
function shown(path: string): string {
  const characters = [...path.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?')];
  return characters.length > MAX_PATH_LENGTH
    ? `…${characters.slice(1 - MAX_PATH_LENGTH).join('')}`
    : characters.join('');
}

function totalOf(files: ChangedFile[]): string {
  const lines = files.flatMap(({ how }) => (typeof how === 'string' ? [] : [how]));
  const sum = (of: 'added' | 'deleted') => lines.reduce((all, each) => all + each[of], 0);
  const counts = lines.length === 0 ? '' : `, +${sum('added')} -${sum('deleted')}`;
  return `${files.length} ${files.length === 1 ? 'file' : 'files'} changed${counts}`;
}
