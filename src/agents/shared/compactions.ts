/** What a watcher sees while an agent compacts its conversation. */
export const COMPACTS = 'compacts the conversation';

/** For an outcome: nothing where there was none. */
export const counted = (compactions: number) => (compactions > 0 ? { compacted: compactions } : {});
