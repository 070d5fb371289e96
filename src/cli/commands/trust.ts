import { resolve } from 'node:path';
import type { ConfigFile } from '../../config/file.js';
import { command } from '../args/command.js';
import { UsageError } from '../args/usage-error.js';

export default command({
  name: 'trust',
  summary:
    'Applies the programs and checks in a project’s config file. Read the file first: it decides what runs on this machine.\nPrints the keys that apply from now on.',
  flags: { forget: { kind: 'switch', help: 'Withdraw the trust from all contents of the file.' } },
  args: [{ name: 'file', required: false }],
  examples: [
    ['continuity trust', 'the config file of this project, until it changes'],
    ['continuity trust ~/app/continuity.config.yaml', 'another file'],
    ['continuity trust --forget', 'withdraws the trust'],
  ],
  async run({ flags, args, output }) {
    const [{ readConfigFile, readProjectFile }, { forget, trust }, { parsed }, { withoutTrust }] = await Promise.all([
      import('../../config/file.js'),
      import('../../config/trust.js'),
      import('../../config/settle.js'),
      import('../../config/needs-trust.js'),
    ]);
    // The file that CONTINUITY_CONFIG names needs no trust. So the search ignores
    // CONTINUITY_CONFIG.
    const file =
      args.file === undefined
        ? found(await readConfigFile(process.cwd(), { ...process.env, CONTINUITY_CONFIG: '' }))
        : resolve(args.file);
    if (flags.forget) {
      const forgotten = (await forget(file)) > 0;
      output.answer(
        { file, trusted: false, forgotten },
        forgotten ? `${file} is no longer trusted.` : `${file} was not trusted.`,
      );
      return;
    }
    const read = await readProjectFile(file);
    const { withheld } = withoutTrust(parsed(read));
    await trust(read);
    const applies =
      withheld.length > 0 ? `Now these apply: ${withheld.join(', ')}.` : 'It says nothing that needs trust.';
    output.answer({ file, trusted: true, keys: withheld }, `${file} is trusted as it is now. ${applies}`);
  },
});

/** @throws UsageError when the project has no config file */
function found({ file, foundText }: ConfigFile): string {
  if (file !== undefined && foundText !== undefined) return file;
  const own = file === undefined ? '' : ` ${file} is your own, and needs no trust.`;
  throw new UsageError(
    `There is no config file of a project in ${process.cwd()} or above it.${own}`,
    'Name the file: continuity trust FILE',
  );
}
