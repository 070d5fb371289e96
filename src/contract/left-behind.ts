/** A process that a turn has started and that still runs although the turn has ended. */
export interface LeftBehind {
  pid: number;
  /** At most 200 characters. */
  command: string;
  /** When it was started. ISO 8601. */
  since: string;
  /** It was ended afterwards, as config wants it. */
  ended?: true;
}
