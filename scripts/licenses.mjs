/**
 * Collects the licenses of the packages in a bundle. Each license demands to be shipped with the
 * code.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @param files all modules of the bundle */
export async function licensesOf(files) {
  const folders = new Set(
    files.flatMap((file) => /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0] ?? []),
  );
  const texts = await Promise.all([...folders].sort().map(licenseIn));
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

async function licenseIn(folder) {
  const [about, files] = await Promise.all([
    readFile(join(folder, 'package.json'), 'utf8').then(JSON.parse),
    readdir(folder),
  ]);
  const file = files.find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? '' : `\n\n${(await readFile(join(folder, file), 'utf8')).trim()}`;
  return `${about.name} ${about.version} (${about.license})${text}`;
}
