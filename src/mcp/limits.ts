/** How long a call waits for a reply. This module imports nothing. */

/** MCP clients give up a call after 60 s. */
export const DEFAULT_WAIT_SECONDS = 45;
/** For clients that wait longer, or that wait while there is progress. */
export const MAX_WAIT_SECONDS = 600;
