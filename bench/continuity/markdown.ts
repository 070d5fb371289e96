/** The tables of docs/continuity.md: pure. */
import { breakEvenOf, type Row } from './table.js';

/** @param rows of one agent and one provider */
export function markdownOf(rows: readonly Row[]): string {
  const breakEven = breakEvenOf(rows);
  const whole = rows.filter(({ skips }) => skips === 0);
  const skips = [...new Set(rows.map((row) => row.skips))].filter((skip) => skip > 0);
  const head = [
    'the first task read',
    'follow-up',
    ...['warm', 'cold'],
    ...skips.map((skip) => `fresh leaves out ${skip} %: warm, cold`),
    'break-even: warm, cold',
  ];
  const lines = whole.map((row) => {
    const isSame = (other: { files: number; 'follow-up': number }) =>
      other.files === row.files && other['follow-up'] === row['follow-up'];
    const parts = skips.map((skip) => {
      const fresh = rows.find((other) => isSame(other) && other.skips === skip);
      return `${fresh?.['warm: part']}, ${fresh?.['cold: part']}`;
    });
    const even = breakEven.find(isSame);
    const at = (words = '') => (words.endsWith('%') || words === 'never' ? words : 'anyway');
    return [
      `${row.files} files`,
      `${row['follow-up']}`,
      row['warm: part'],
      row['cold: part'],
      ...parts,
      `${at(even?.['against warm'])}, ${at(even?.['against cold'])}`,
    ];
  });
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
}
