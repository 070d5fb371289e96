declare module 'fs-native-extensions' {
  /**
   * Takes the kernel's lock on an open file. The kernel releases it when its owner dies.
   * @returns false when another process holds the lock
   */
  export function tryLock(fd: number): boolean;

  /**
   * Resolves when this process holds the lock. The wait cannot be cancelled, and it keeps the
   * process alive.
   */
  export function waitForLock(fd: number): Promise<void>;
}
