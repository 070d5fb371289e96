/** What stands in the place of a payload that cannot be read. No field of it is one of a prompt, so guards refuse it. */
export class Unreadable {
  constructor(
    readonly encoding: string,
    /** The rest of a sentence that begins with the payload, e.g. `is not JSON`. */
    readonly why: string,
    readonly isTooLarge = false,
  ) {}
}
