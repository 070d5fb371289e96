/** The picture of a run, as SVG: for each agent, the cost of its follow-ups. */
import { linesOf, type Row } from './table.js';

const [WIDTH, HEIGHT, LEFT, TOP] = [300, 260, 48, 40];
const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728'];
/** More is cut off. In percent. */
const MOST = 150;
/** The place of a follow-up, on a scale of logarithms. */
const x = (n: number, last: number) => LEFT + (Math.log(n) / Math.log(Math.max(last, 2))) * (WIDTH - LEFT - 20);
const y = (part: number) => TOP + (1 - Math.min(part, MOST) / MOST) * (HEIGHT - TOP - 40);

const text = (left: number, top: number, words: string, more = '') =>
  `<text x="${left}" y="${top}" ${more}>${words}</text>`;
const line = (points: readonly [number, number][], last: number, colour: string, dashes: string) =>
  `<polyline points="${points.map(([n, part]) => `${x(n, last).toFixed(1)},${y(part).toFixed(1)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`;

/** @param provider whose prices and cache are drawn */
export function plotOf(all: Record<string, Row[]>, provider = 'Anthropic, 5 minutes'): string {
  const agents = Object.entries(all);
  const panels = agents.map(([name, rows], index) => {
    const mine = linesOf(rows.filter((row) => row.provider === provider));
    const followUps = [...new Set(mine.flatMap(({ warm }) => warm.map(([n]) => n)))];
    const last = Math.max(...followUps);
    const grid = [0, 50, 100, 150].map(
      (part) =>
        `<path d="M${x(1, last)} ${y(part)}H${x(last, last)}" stroke="${part === 100 ? '#888' : '#ddd'}"/>${text(LEFT - 6, y(part) + 4, `${part} %`, 'text-anchor="end"')}`,
    );
    const ticks = followUps.map((n) => text(x(n, last), HEIGHT - 24, `${n}`, 'text-anchor="middle"'));
    const drawn = mine.flatMap(({ warm, cold, files }, at) => {
      const colour = COLOURS[at % COLOURS.length] ?? '';
      const legend = text(LEFT + 4, TOP + 14 + 14 * at, `${files} files`, `fill="${colour}"`);
      return [line(warm, last, colour, ''), line(cold, last, colour, '5 4'), legend];
    });
    const title = text(LEFT, 20, name, 'font-weight="bold"');
    return `<g transform="translate(${index * WIDTH} 0)">${[title, ...grid, ...ticks, ...drawn].join('\n')}</g>`;
  });
  const width = WIDTH * Math.max(1, agents.length);
  const caption = `Cost of follow-up n as a part of a fresh session's (100 %). Solid: warm. Dashed: cold. ${provider}.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${HEIGHT}" fill="white"/>
${panels.join('\n')}
${text(LEFT, HEIGHT - 6, caption)}
</svg>
`;
}
