/**
 * Options that every Temporal client of ours is made with. The workflow sandbox must not load this
 * file.
 */
import { defaultFailureConverter, type DataConverter, type LoadedDataConverter } from '@temporalio/common';
import { converterOfClients } from './payload-converter.js';

const loaded: Omit<LoadedDataConverter, 'externalStorage'> = {
  payloadConverter: converterOfClients,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};

/**
 * The SDK accepts a converter by its path or already loaded. A bundled command has no path to give,
 * and the SDK's type leaves the loaded form out. Hence the cast.
 */
export const dataConverter = loaded as DataConverter;
