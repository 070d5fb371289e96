/** The prices of models, as the server lists them. Each is asked for once while the server runs. */
import type { ModelPrice } from '../last-request.js';
import { ask } from './calls.js';
import type { Connection } from './server.js';
import { modelRefOf } from './settings.js';

export class ModelPrices {
  #generation: number | undefined;
  readonly #known = new Map<string, ModelPrice | undefined>();

  /** OpenCode lists 0 for an unknown price (1.18.33). @throws CallFailed */
  async of({ client, generation }: Connection, directory: string, model: string): Promise<ModelPrice | undefined> {
    if (generation !== this.#generation) this.#known.clear();
    this.#generation = generation;
    const key = JSON.stringify([directory, model]);
    if (this.#known.has(key)) return this.#known.get(key);
    const { providerID, modelID } = modelRefOf(model);
    const { providers } = await ask('list its models', (options) => client.config.providers({ directory }, options));
    const cost = providers.find(({ id }) => id === providerID)?.models[modelID]?.cost;
    const price = cost && priceIn(cost);
    this.#known.set(key, price);
    return price;
  }
}

interface Cost {
  input: number;
  cache?: { read?: number; write?: number };
}

function priceIn({ input, cache: { read = 0, write = 0 } = {} }: Cost): ModelPrice | undefined {
  if (!(input > 0)) return undefined;
  return { input, ...(read > 0 && { cacheRead: read }), ...(write > 0 && { cacheWrite: write }) };
}
