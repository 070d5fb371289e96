/** How long a call waits for a reply. Loads nothing. */

/** MCP clients give a call up after 60 s. */
export const DEFAULT_WAIT_SECONDS = 45;
/** For clients that wait longer, or as long as there is progress. */
export const MAX_WAIT_SECONDS = 600;
