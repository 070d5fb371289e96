/**
 * Reads `TEMPORAL_*` and `temporal.toml`. It is a module of its own, because a bundle loses the
 * export names of a CommonJS package that is imported dynamically.
 */
export { loadClientConnectConfig } from '@temporalio/envconfig';
