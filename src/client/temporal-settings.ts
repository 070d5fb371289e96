/** What `TEMPORAL_*` and `temporal.toml` say. A module of ours: a bundle loses the names of a CommonJS package that is imported dynamically. */
export { loadClientConnectConfig } from '@temporalio/envconfig';
