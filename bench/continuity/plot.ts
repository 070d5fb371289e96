/** The picture of a run, as SVG: for each agent, the cost of its follow-ups, and where a fresh session breaks even. */
import { breakEvenLinesOf, linesOf, type Lines, type Row } from './table.js';

const [WIDTH, HEIGHT, LEFT, TOP] = [250, 230, 48, 40];
const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728'];
/** More is cut off. In percent. */
const MOST = 150;

interface Scale {
  /** The last follow-up. */
  last: number;
  /** The highest percentage. */
  most: number;
}

/** The place of a follow-up, on a scale of logarithms. */
const x = (n: number, { last }: Scale) => LEFT + (Math.log(n) / Math.log(Math.max(last, 2))) * (WIDTH - LEFT - 20);
const y = (part: number, { most }: Scale) => TOP + (1 - Math.min(part, most) / most) * (HEIGHT - TOP - 40);

const text = (left: number, top: number, words: string, more = '') =>
  `<text x="${left}" y="${top}" ${more}>${words}</text>`;
const line = (points: readonly [number, number][], scale: Scale, colour: string, dashes: string) =>
  `<polyline points="${points.map(([n, part]) => `${x(n, scale).toFixed(1)},${y(part, scale).toFixed(1)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`;

function panel(title: string, lines: Lines[], most: number): string {
  const followUps = [...new Set(lines.flatMap(({ warm }) => warm.map(([n]) => n)))];
  const scale = { last: Math.max(...followUps), most };
  const grid = [0, 50, 100, 150]
    .filter((part) => part <= most)
    .map(
      (part) =>
        `<path d="M${x(1, scale)} ${y(part, scale)}H${x(scale.last, scale)}" stroke="${part === 100 ? '#888' : '#ddd'}"/>${text(LEFT - 6, y(part, scale) + 4, `${part} %`, 'text-anchor="end"')}`,
    );
  const ticks = followUps.map((n) => text(x(n, scale), HEIGHT - 24, `${n}`, 'text-anchor="middle"'));
  const drawn = lines.flatMap(({ warm, cold, files }, at) => {
    const colour = COLOURS[at % COLOURS.length] ?? '';
    const legend = text(LEFT + 4 + 62 * at, TOP - 6, `${files} files`, `fill="${colour}"`);
    return [line(warm, scale, colour, ''), line(cold, scale, colour, '5 4'), legend];
  });
  return [text(LEFT, 18, title, 'font-weight="bold"'), ...grid, ...ticks, ...drawn].join('\n');
}

/** @param all by title: the rows of one agent, with the prices and the cache of one provider */
export function plotOf(all: Record<string, Row[]>): string {
  const columns = Object.entries(all).map(([title, rows], index) => {
    const upper = panel(title, linesOf(rows), MOST);
    const lower = panel('Break-even', breakEvenLinesOf(rows), 100);
    return `<g transform="translate(${index * WIDTH} 0)">${upper}</g>\n<g transform="translate(${index * WIDTH} ${HEIGHT + 20})">${lower}</g>`;
  });
  const width = WIDTH * Math.max(1, columns.length);
  const height = 2 * HEIGHT + 40;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="white"/>
${columns.join('\n')}
${text(LEFT, HEIGHT, 'Above: the cost of follow-up n as a part of a fresh session&#39;s (100 %). Solid: warm. Dashed: cold.')}
${text(LEFT, height - 8, 'Below: what of the reading a fresh session has to skip before it is as cheap.')}
</svg>
`;
}
