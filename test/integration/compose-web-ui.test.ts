/**
 * The door of the Web UI in docker-compose.yml: its own nginx configuration, in front of the real
 * UI.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDevServer, type DevServer } from '../../src/stack/dev-server.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { asked, signalThroughUi, workflowsAt } from './web-ui-requests.js';

const nginx = spawnSync('nginx', ['-v']).status === 0;
if (!nginx)
  process.stderr.write('Skipped: the door of the Web UI in docker-compose.yml is nginx, and there is none here.\n');
const template = fileURLToPath(new URL('../../deploy/web-ui-door.conf.template', import.meta.url));

describe.skipIf(!nginx)('the door of the Web UI in docker-compose.yml', () => {
  let dir: string;
  let server: DevServer;
  let door: ChildProcess;
  let at: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'continuity-door-'));
    await mkdir(join(dir, 'logs'));
    server = await startDevServer({
      program: (await findTemporal()).path,
      dataDir: dir,
      port: await getPort(),
      uiPort: 0,
    });
    at = `127.0.0.1:${await getPort()}`;
    const conf = await configuration(at, `${server.ui?.host}:${server.ui?.port}`);
    await writeFile(join(dir, 'nginx.conf'), conf);
    door = spawn('nginx', ['-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
    await vi.waitFor(async () => expect(await asked(at, '/', { host: at })).toMatchObject({ status: 200 }), {
      timeout: 60_000,
    });
  });
  afterAll(async () => {
    door?.kill('SIGTERM');
    if (door?.exitCode === null) await once(door, 'exit');
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  /** As the image of nginx fills it in, on a port that is free here. */
  async function configuration(listen: string, ui: string): Promise<string> {
    const values: Record<string, string> = { WEB_UI: ui, WEB_UI_HOSTS: 'box.example' };
    const filled = (await readFile(template, 'utf8')).replaceAll(
      /\$\{(\w+)\}/g,
      (whole, name: string) => values[name] ?? whole,
    );
    const here = `daemon off; master_process off; pid ${dir}/nginx.pid; events {} http { access_log off;`;
    return `${here}\n${filled.replaceAll('listen 8080', `listen ${listen}`)}\n}\n`;
  }

  const workflows = () => workflowsAt(`127.0.0.1:${server.port}`);

  test.each([
    ['a rebound name', { host: 'evil.example:8080' }],
    ['a rebound name that looks like localhost', { host: 'localhost.evil.example' }],
    ['a page of another site', { host: 'localhost', origin: 'https://evil.example' }],
    ['a page whose name starts as ours does', { host: 'localhost', origin: 'http://localhost.evil.example' }],
    ['a page on another port of this machine', { host: 'localhost:8080', origin: 'http://localhost:3000' }],
    ['a sandboxed page', { host: 'localhost', origin: 'null' }],
    ['an image in another page', { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('refuses %s, and signals nothing for it', async (_who, headers: Record<string, string>) => {
    expect(await asked(at, '/', headers)).toMatchObject({ status: 403, cookies: [] });
    expect(await asked(at, '/api/v1/namespaces/default/workflows', headers)).toMatchObject({ status: 403 });
    expect((await signalThroughUi(at, 'rebound', headers)).status).toBe(403);
    expect(await workflows()).not.toContain('rebound');
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'box.example', 'LOCALHOST'])(
    'the Web UI works under the name %s',
    async (name) => {
      const host = `${name}:${at.split(':')[1]}`;
      const id = `by-hand-as-${name}`;
      expect(await asked(at, '/namespaces/default/workflows?query=a%20b', { host })).toMatchObject({ status: 200 });
      expect(
        await signalThroughUi(at, id, { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }),
      ).toMatchObject({ status: 200 });
      await expect.poll(workflows).toContain(id);
    },
  );

  test('a link in another page opens the Web UI', async () => {
    const headers = { host: at, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await asked(at, '/namespaces/default/workflows', headers)).toMatchObject({ status: 200 });
  });
});
