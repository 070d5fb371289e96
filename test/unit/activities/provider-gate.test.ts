/** One turn of a host at a time tries a provider that has refused. */
import { expect, test } from 'vitest';
import { ProviderGate, Try } from '../../../src/activities/provider-gate.js';

const never = new AbortController().signal;

async function tryOf(gate: ProviderGate): Promise<Try> {
  const entered = await gate.enter('provider', never);
  if (!(entered instanceof Try)) throw new Error('Another turn tries.');
  return entered;
}

test('the others follow the one that tries, and another one tries when it has broken off', async () => {
  const gate = new ProviderGate();
  const first = await tryOf(gate);
  const second = gate.enter('provider', never);
  first.end();
  const next = await second;
  expect(next).toBeInstanceOf(Try);
  const third = gate.enter('provider', never);
  (next as Try).takes();
  expect(await third).toEqual({ takes: true });
});

test('the end of a try that has found something does not let a second turn try beside the next one', async () => {
  const gate = new ProviderGate();
  const first = await tryOf(gate);
  first.takes();
  const second = await tryOf(gate);
  first.end();
  const third = gate.enter('provider', never);
  second.takes();
  expect(await third).toEqual({ takes: true });
});
