import { failure, type Failure, type FailureCode } from '../contract/failures.js';

/** What is found wrong at the edge, before anything starts: with the config, the working directory or the data directory. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }

  get code(): FailureCode {
    return this.failure.code;
  }
}

export function configInvalid(message: string, options?: ErrorOptions): ConfigInvalid {
  return new ConfigInvalid(failure('CONFIG_INVALID', message), options);
}
