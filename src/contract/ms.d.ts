/** Its own types are there, and its package.json doesn't lead to them. */
declare module 'ms' {
  /** NaN for text that is no duration. @throws Error for what is no text of 1 to 100 characters */
  export default function ms(value: string): number;
}
