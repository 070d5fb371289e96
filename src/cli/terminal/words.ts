/** Formats values for people. */

export { oneLine } from '../../client/one-line.js';
export { shellWord as quoted } from '../../contract/shell-word.js';

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * @param isoTime a time in the past. Where clocks differ it may be later than `now`: "just now".
 */
export function ago(isoTime: string, now: number): string {
  const ms = now - Date.parse(isoTime);
  return ms >= 1000 ? `${inUnits(ms)} ago` : 'just now';
}

/** e.g. `in 29 minutes (2026-01-01 12:30 UTC)`. A time that is over is due. */
export function until(isoTime: string, now: number): string {
  const ms = Date.parse(isoTime) - now;
  const at = `${isoTime.slice(0, 16).replace('T', ' ')} UTC`;
  return ms >= 1000 ? `in ${inUnits(ms)} (${at})` : `in a moment (${at})`;
}

/** e.g. `14:05`, or `2026-01-01 14:05` on another day: local time. */
export function clock(isoTime: string, now: number): string {
  const [date, time] = [new Date(isoTime), new Date(now)].map((one) => one.toLocaleString('sv-SE')) as [string, string];
  return date.slice(0, 10) === time.slice(0, 10) ? date.slice(11, 16) : date.slice(0, 16);
}

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
] as const;

function inUnits(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => ms >= each) ?? [1000, 'second'];
  return count(Math.floor(ms / size), unit);
}

export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : nouns}`;
}
