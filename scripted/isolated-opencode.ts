/**
 * An isolated OpenCode. One directory has its configuration, credentials, store and cache, and the
 * scripted model is its only provider.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * OpenCode 1.18.33 installs the package for plugins into each new configuration directory (63 MB
 * from the registry, ten seconds of a core). It does not when `node_modules` exists and a lock file
 * names the package. There are no plugins here.
 */
const NOTHING_TO_INSTALL = { lockfileVersion: 3, packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } };

/**
 * Writes OpenCode's home directory and returns the environment for OpenCode. The person's own files
 * are neither read nor written.
 */
export async function isolatedOpenCode(
  dir: string,
  modelUrl: string,
  extra: object = {},
): Promise<Record<string, string>> {
  const env = {
    XDG_CONFIG_HOME: join(dir, 'config'),
    XDG_DATA_HOME: join(dir, 'data'),
    XDG_STATE_HOME: join(dir, 'state'),
    XDG_CACHE_HOME: join(dir, 'cache'),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  };
  const model = { name: 'Scripted', tool_call: true, limit: { context: 200_000, output: 8_000 } };
  const config = {
    $schema: 'https://opencode.ai/config.json',
    autoupdate: false,
    share: 'disabled',
    model: 'scripted/model',
    permission: { edit: 'allow', bash: 'allow', webfetch: 'allow', external_directory: 'allow', doom_loop: 'allow' },
    provider: {
      scripted: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Scripted',
        options: { baseURL: modelUrl, apiKey: 'none' },
        models: { model, other: { ...model, name: 'Other' } },
      },
    },
    ...extra,
  };
  const folder = join(env.XDG_CONFIG_HOME, 'opencode');
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await writeFile(join(folder, 'opencode.json'), JSON.stringify(config, null, 2));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(NOTHING_TO_INSTALL));
  return env;
}
