import { createRequire } from 'node:module';

export const { version: VERSION } = createRequire(import.meta.url)('session-continuity/package.json') as {
  version: string;
};
