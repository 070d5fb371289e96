/** Paths of directories, compared as text: the workflow sandbox has no file system. */

/** Without the slashes and the `/./` that change nothing. `..` stays: behind a symbolic link it means something else. */
export function plainDirectory(path: string): string {
  const plain = path.replace(/(?<=\/)(\.\/|\/)+/g, '').replace(/\/\.$/, '/');
  return plain.length > 1 ? plain.replace(/\/+$/, '') || '/' : plain;
}

export function sameDirectory(one: string, other: string | undefined): boolean {
  return other !== undefined && plainDirectory(one) === plainDirectory(other);
}
