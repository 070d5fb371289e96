import { Failed, failure } from '../contract/failures.js';

/**
 * A problem that is found before anything starts: in the config, the working directory or the data
 * directory.
 */
export class ConfigInvalid extends Failed {
  override readonly name = 'ConfigInvalid';
}

export function configInvalid(message: string, options?: ErrorOptions): ConfigInvalid {
  return new ConfigInvalid(failure('CONFIG_INVALID', message), options);
}
