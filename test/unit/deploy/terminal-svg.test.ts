import { expect, test } from 'vitest';
import { svgOf, type RowVersion } from '../../../scripts/terminal-svg.js';

const line = (row: number, atMs: number, text: string): RowVersion => ({
  row,
  atMs,
  spans: [{ text, column: 0, bold: false }],
});
const lineOf = (svg: string, text: string) => svg.split('\n').find((each) => each.includes(`>${text}<`)) ?? '';

test('where nothing is animated, the last screen shows: what was written over is hidden, and the page is scrolled to its end', () => {
  const svg = svgOf({
    columns: 20,
    rows: 2,
    versions: [line(0, 0, 'first'), line(1, 10, 'half'), line(1, 20, 'whole'), line(2, 30, 'last')],
    scrolls: [{ atMs: 30, top: 1 }],
  });
  expect(lineOf(svg, 'half')).toContain(' opacity="0"');
  expect(lineOf(svg, 'whole')).not.toContain(' opacity="0"');
  expect(svg).toContain('transform="translate(0 -19)"');
});

test('a pause is shown for at most 1.2 s', () => {
  const wholeMs = (versions: RowVersion[]) =>
    Number(/animation:(\d+)ms/.exec(svgOf({ columns: 20, rows: 2, versions, scrolls: [] }))?.[1]);
  expect(wholeMs([line(0, 0, 'a'), line(1, 60_000, 'b')]) - wholeMs([line(0, 0, 'a')])).toBe(1200);
});

test('what the terminal showed is text, never markup', () => {
  const svg = svgOf({ columns: 20, rows: 1, versions: [line(0, 0, '<script>&</script>')], scrolls: [] });
  expect(svg).not.toContain('<script>');
  expect(svg).toContain('&#60;script&#62;&#38;');
});
