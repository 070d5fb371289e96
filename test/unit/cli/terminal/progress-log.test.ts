import { expect, test } from 'vitest';
import { ProgressLog } from '../../../../src/cli/terminal/progress-log.js';
import type { TopicEvent } from '../../../../src/client/watch-topic.js';
import type { TopicView } from '../../../../src/contract/views.js';

const view = (running?: object): TopicEvent => ({
  type: 'view',
  view: { topic: 'auth', state: 'running', queue: [], outcomes: [], running } as unknown as TopicView,
});
const step = (what: string): TopicEvent => ({ type: 'progress', text: '', progress: { attempt: 1, step: what } });
const turn = { turn: 2, prompt_id: 'p-1' };

function logOf(events: (at: number) => TopicEvent[], seconds: number): string[] {
  const lines: string[] = [];
  const log = new ProgressLog((line) => lines.push(line));
  for (let at = 0; at <= seconds; at += 1) {
    for (const event of events(at)) log.on(event);
    log.look(at * 1000);
  }
  return lines;
}

test('a short wait reports nothing', () => {
  expect(logOf(() => [view(turn), step('bash: npm test')], 4)).toEqual([]);
});

test('a provider that refuses is reported, once', () => {
  const refused = 'the provider refused: overloaded, asked again at 10:00:00Z';
  expect(logOf((at) => (at === 0 ? [view(turn), step(refused)] : []), 600)).toEqual([
    `5.0 s · topic auth · turn 2, prompt p-1 · ${refused}`,
  ]);
});

test('a host that is off and a worker that does not answer are reported, with the command that helps', () => {
  const [off, silent] = logOf(
    (at) => (at === 0 ? [view({ ...turn, waiting_for_host: 'box' })] : at === 20 ? [{ type: 'unanswered' }] : []),
    60,
  );
  expect(off).toMatch(/waits for host box; start a worker there: continuity worker/);
  expect(silent).toMatch(/no worker answers for the topic.*continuity worker/);
});

test('two hours in which something changes each second are some forty lines', () => {
  const lines = logOf((at) => [view(turn), step(`bash: step ${at}`)], 2 * 60 * 60);
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThan(45);
});
