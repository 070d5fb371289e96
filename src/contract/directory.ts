/** Compares paths of directories as text, because the workflow sandbox has no file system. */

/**
 * The path without duplicate slashes, without `/./` and without a slash at its end. `..` stays:
 * behind a symbolic link it leads somewhere else.
 */
export function plainDirectory(path: string): string {
  const plain = path.replace(/(?<=\/)(\.\/|\/)+/g, '').replace(/\/\.$/, '/');
  return plain.length > 1 ? plain.replace(/\/+$/, '') || '/' : plain;
}

export function sameDirectory(one: string, other: string | undefined): boolean {
  return other !== undefined && plainDirectory(one) === plainDirectory(other);
}
