import { expect, test } from 'vitest';
import { OtherWorkers } from '../../../workers/other-workers.js';

const OWN = '2@box';
const own = (at: number) => ({ identity: OWN, at });

test('the worker before this one, which Temporal lists for minutes, is no other worker', () => {
  const others = new OtherWorkers(OWN);
  expect(others.look([{ identity: '1@box', at: 1000 }, own(2000)])).toEqual([]);
  expect(others.look([{ identity: '1@box', at: 2500 }, own(200_000)])).toEqual([]);
});

test('a worker that asks for work while this one does is another one, and is named once', () => {
  const others = new OtherWorkers(OWN);
  expect(others.look([{ identity: '1@box', at: 1000 }, own(2000)])).toEqual([]);
  expect(others.look([{ identity: '1@box', at: 61_000 }, own(62_000)])).toEqual(['1@box']);
  expect(others.look([{ identity: '1@box', at: 121_000 }, own(122_000)])).toEqual([]);
});

test('nothing is said before this worker is listed itself', () => {
  expect(new OtherWorkers(OWN).look([{ identity: '1@box', at: 61_000 }])).toEqual([]);
});
