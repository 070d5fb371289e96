/** `ms` comes with types, but its package.json does not point to them. */
declare module 'ms' {
  /**
   * NaN for a text that is not a duration. @throws Error for a value that is not a text of 1 to 100
   * characters
   */
  export default function ms(value: string): number;
}
