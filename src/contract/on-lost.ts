/** Policies for a prompt whose session can't go on. Anyone may import this. */

export const ON_LOST = ['replace', 'fail'] as const;
/**
 * `replace`: opens a new session with a brief of what was done. `fail`: the turn fails with
 * SESSION_LOST or SESSION_CORRUPTED.
 */
export type OnLost = (typeof ON_LOST)[number];

export const ON_FULL = ['replace', 'fail'] as const;
/**
 * `replace`: opens a new session with a brief of what was done. `fail`: the turn fails with
 * CONTEXT_OVERFLOW.
 */
export type OnFull = (typeof ON_FULL)[number];

/**
 * Why a session can't go on: its agent no longer has it, can't work with its content, or can't
 * compact it any more. `cold`: to read it again was too expensive (`onCold`). The last two are absent
 * in older releases.
 */
export type Loss = 'lost' | 'corrupted' | 'full' | 'cold';
