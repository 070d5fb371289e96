/** What one look finds: fine, with a detail; or a failure, with what to do. */
import type { Failure } from '../../contract/failures.js';

export interface Finding {
  check: string;
  ok: boolean;
  /** What was found, e.g. a version or an address. */
  detail: string;
  /** Worth knowing, and nothing wrong. */
  note?: string;
  problem?: Failure;
}

export const fine = (check: string, detail: string, note?: string): Finding => ({ check, ok: true, detail, ...(note !== undefined && { note }) });
export const wrong = (check: string, problem: Failure): Finding => ({ check, ok: false, detail: problem.message, problem });
