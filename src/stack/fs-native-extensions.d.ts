declare module 'fs-native-extensions' {
  /** A lock of the kernel's on an open file: it dies with its owner. @returns false when another holds it */
  export function tryLock(fd: number): boolean;
}
