declare module 'fs-native-extensions' {
  /** A lock of the kernel's on an open file: it dies with its owner. @returns false when another holds it */
  export function tryLock(fd: number): boolean;

  /** Resolves once nobody else holds it. Can't be called off, and keeps the process from ending by itself meanwhile. */
  export function waitForLock(fd: number): Promise<void>;
}
