import { describe, expect, test } from 'vitest';
import { replyOf, type Step } from '../../../../src/agents/shared/reply.js';

const said = (text: string): Step => ({ text });
const long = (length: number) => 'report '.repeat(Math.ceil(length / 7)).slice(0, length - 1) + '.';
const report = long(800);

describe('the reply of a turn is', () => {
  const table: [claim: string, steps: Step[], reply: string][] = [
    ['empty where nothing was said', ['divided', 'divided'], ''],
    ['the text', [said('The answer.')], 'The answer.'],
    ['all text after the last tool', [said('I look.'), 'divided', said('One.'), said('Two.')], 'One.\n\nTwo.'],
    [
      'the text before the tool where the last step says nothing',
      [said('42'), 'divided', 'divided', said(' \n')],
      '42',
    ],
    ['the last text before a silent end, not the first', [said('Long plan.'), 'divided', said('42'), 'divided'], '42'],
    ['the report, not the sign-off after a tool', [said(report), 'divided', said('Done.')], report],
    ['the report where the last step says nothing', [said(report), 'divided', said('Done.'), 'divided'], report],
    ['the longest of several', [said(long(400)), 'divided', said(report), 'divided', said('Done.')], report],
    ['a short answer after a remark', [said('I look into the files and tell you.'), 'divided', said('42')], '42'],
    ['an answer that is no sign-off', [said(report), 'divided', said(long(250))], long(250)],
    ['an answer beside a report that is hardly longer', [said(long(310)), 'divided', said(long(150))], long(150)],
  ];
  test.each(table)('%s', (_claim, steps, reply) => {
    expect(replyOf(steps).reply).toBe(reply);
  });
});

test('the parts are all texts in order, divided by the tools', () => {
  const steps = [said(' I look.\n'), 'divided', 'divided', said('One.'), said('Two.'), 'divided', said('')] as const;
  expect(replyOf(steps).reply_parts).toEqual(['I look.', 'One.\n\nTwo.']);
});
