/** An OpenCode of its own: configuration, credentials, store and cache under one directory, and the scripted model as its only provider. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * OpenCode installs the package for plugins into each new configuration directory (63 MB, ten seconds of a core, from the registry), unless
 * `node_modules` is there and a lock names it (1.18.33). There are no plugins here.
 */
const NOTHING_TO_INSTALL = { lockfileVersion: 3, packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } };

/** Writes the home and returns the environment that makes OpenCode use it; nothing of the person's own is read or written. */
export async function isolatedOpenCode(dir: string, modelUrl: string, extra: object = {}): Promise<Record<string, string>> {
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
        models: { model },
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
