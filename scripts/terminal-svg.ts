/**
 * Renders a terminal recording as an animated SVG. Each row of the terminal is a line of text that
 * appears at its time, and the picture scrolls as the terminal did. Without animation (a reader's
 * preference, a converter) it shows the last screen.
 */
export interface Span {
  text: string;
  column: number;
  /** One of the sixteen colours of a terminal, or the default. */
  colour?: number;
  bold?: boolean;
}

/** The content of a row from a time on. */
export interface RowVersion {
  row: number;
  atMs: number;
  spans: Span[];
}

export interface Recording {
  columns: number;
  rows: number;
  versions: RowVersion[];
  /** The first visible row, from a time on. */
  scrolls: { atMs: number; top: number }[];
}

const CELL = { width: 8.4, height: 19, margin: 14 };
/** The longest pause in the animation. Longer pauses are shortened. */
const LONGEST_PAUSE_MS = 1200;
const LAST_SCREEN_MS = 9000;

const PALETTE = [
  '#484f58',
  '#ff7b72',
  '#3fb950',
  '#d29922',
  '#58a6ff',
  '#bc8cff',
  '#39c5cf',
  '#b1bac4',
  '#8b949e',
  '#ffa198',
  '#56d364',
  '#e3b341',
  '#79c0ff',
  '#d2a8ff',
  '#56d4dd',
  '#f0f6fc',
];

export function svgOf({ columns, rows, versions, scrolls }: Recording): string {
  const times = shortened([...versions, ...scrolls].map(({ atMs }) => atMs));
  const wholeMs = Math.max(0, ...times.values()) + LAST_SCREEN_MS;
  const percent = (atMs: number) => `${(((times.get(atMs) ?? 0) / wholeMs) * 100).toFixed(2)}%`;
  const keyframes = new Map<string, string>();
  const animation = (steps: string) => {
    if (!keyframes.has(steps)) keyframes.set(steps, `k${keyframes.size}`);
    return `animation-name:${keyframes.get(steps)}`;
  };

  const lines = versions.map(({ row, atMs, spans }, index) => {
    const next = versions.find((later, at) => at > index && later.row === row);
    const steps = `0%{opacity:0}${percent(atMs)}{opacity:1}${next ? `${percent(next.atMs)}{opacity:0}` : ''}`;
    return `<text y="${(row + 0.75) * CELL.height}"${next ? ' opacity="0"' : ''} style="${animation(steps)}">${spans.map(tspan).join('')}</text>`;
  });
  const moved = scrolls
    .map(({ atMs, top }) => `${percent(atMs)}{transform:translateY(${-top * CELL.height}px)}`)
    .join('');
  const scroll = animation(`0%{transform:translateY(0)}${moved}`);
  const [width, height] = [columns * CELL.width, rows * CELL.height];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * CELL.margin} ${height + 2 * CELL.margin}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace" font-size="14">
<style>
text,g{animation:${wholeMs}ms step-end infinite}
text{white-space:pre;fill:#c9d1d9}
.b{font-weight:bold}
${PALETTE.map((colour, index) => `.c${index}{fill:${colour}}`).join('')}
${[...keyframes].map(([steps, name]) => `@keyframes ${name}{${steps}}`).join('\n')}
@media (prefers-reduced-motion:reduce){text,g{animation:none!important}}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<svg x="${CELL.margin}" y="${CELL.margin}" width="${width}" height="${height}">
<g transform="translate(0 ${-(scrolls.at(-1)?.top ?? 0) * CELL.height})" style="${scroll}">
${lines.join('\n')}
</g>
</svg>
</svg>
`;
}

/** Maps each time of the recording to a time of the animation. */
function shortened(times: number[]): Map<number, number> {
  const shown = new Map<number, number>();
  let [before, at] = [0, 0];
  for (const time of [...new Set(times)].sort((one, other) => one - other)) {
    at += Math.min(time - before, LONGEST_PAUSE_MS);
    before = time;
    shown.set(time, Math.round(at));
  }
  return shown;
}

/** Fonts differ, so `textLength` keeps the columns aligned. */
function tspan({ text, column, colour, bold }: Span): string {
  const classes = [bold && 'b', colour !== undefined && `c${colour}`].filter(Boolean).join(' ');
  const length = `textLength="${(text.length * CELL.width).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
  return `<tspan x="${(column * CELL.width).toFixed(1)}" ${length}${classes && ` class="${classes}"`}>${escaped(text)}</tspan>`;
}

const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
