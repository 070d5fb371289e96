/**
 * The value in place of a payload that cannot be read. It has none of the fields of a prompt, so
 * `parsePrompt` refuses it.
 */
export class Unreadable {
  constructor(
    readonly encoding: string,
    /** The predicate of a sentence whose subject is the payload, e.g. `is not JSON`. */
    readonly why: string,
    readonly isTooLarge = false,
  ) {}
}
