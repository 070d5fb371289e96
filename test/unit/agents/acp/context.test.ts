import { expect, test } from 'vitest';
import { Said, updateIn } from '../../../../src/agents/acp/updates.js';

const told = (used: unknown) => {
  const said = new Said();
  const update = { sessionUpdate: 'usage_update', used, size: 200_000, cost: { amount: 0.1, currency: 'USD' } };
  const known = updateIn({ sessionId: 's', update })?.update;
  if (known) said.on(known);
  return said.context;
};

test('what a session holds is what its agent has told last, if it tells', () => {
  expect(told(53_000)).toMatchObject({ tokens: 53_000 });
  expect(told(0)).toBeUndefined();
  expect(told('many')).toBeUndefined();
});
