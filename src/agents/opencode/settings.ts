/**
 * Checks that OpenCode has the model and the mode, and writes them in its form. OpenCode accepts a
 * prompt with an unknown model or mode, and then never answers.
 */
import { failure, type Failure } from '../../contract/failures.js';
import { ask } from './calls.js';
import { NAME_A_MODEL } from './failures.js';
import type { Connection } from './server.js';

export interface Choices {
  model?: string | undefined;
  mode?: string | undefined;
}

/** `provider/model`. The model's own name may contain slashes. */
export function modelRefOf(model: string): { providerID: string; modelID: string } {
  const slash = model.indexOf('/');
  return { providerID: model.slice(0, Math.max(slash, 0)), modelID: model.slice(slash + 1) };
}

export async function refusalOfSettings(
  { client }: Connection,
  directory: string,
  { model, mode }: Choices,
): Promise<Failure | undefined> {
  if (mode !== undefined) {
    const modes = await ask('list its modes', (options) => client.app.agents({ directory }, options));
    if (!modes.some(({ name }) => name === mode)) {
      const names = modes.filter(({ hidden }) => !hidden).map(({ name }) => name);
      return failure(
        'AGENT_UNKNOWN',
        `OpenCode has no mode ${mode} in ${directory}. It has: ${names.join(', ')}.`,
        'Use one of the modes that the message lists, or add it to the config of OpenCode.',
      );
    }
  }
  if (model === undefined) return undefined;
  const { providerID, modelID } = modelRefOf(model);
  if (!providerID || !modelID)
    return failure('MODEL_UNKNOWN', `The model ${model} does not have the form provider/model.`, NAME_A_MODEL);
  const { providers } = await ask('list its models', (options) => client.config.providers({ directory }, options));
  const provider = providers.find(({ id }) => id === providerID);
  if (!provider)
    return failure(
      'MODEL_UNKNOWN',
      `OpenCode has no provider ${providerID} for the model ${model}. It has: ${providers.map(({ id }) => id).join(', ')}.`,
      NAME_A_MODEL,
    );
  if (!(modelID in provider.models))
    return failure('MODEL_UNKNOWN', `OpenCode's provider ${providerID} has no model ${modelID}.`, NAME_A_MODEL);
  return undefined;
}
