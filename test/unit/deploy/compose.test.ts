import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defaultLoaders } from 'cosmiconfig';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFile(`${root}${file}`, 'utf8');
const parse = async (file: string): Promise<unknown> => defaultLoaders['.yaml'](file, await read(file)) as unknown;

interface Service {
  image?: string;
  ports?: string[];
  restart?: string;
  init?: boolean;
  healthcheck?: { test?: string[] };
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  volumes?: (string | { type: string; source: string; target: string })[];
  networks?: string[];
}

const source = await read('docker-compose.yml');
const compose = (await parse('docker-compose.yml')) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const waitedForToEnd = new Set(
  services.flatMap(([, { depends_on = {} }]) =>
    Object.entries(depends_on).flatMap(([name, { condition }]) =>
      condition === 'service_completed_successfully' ? [name] : [],
    ),
  ),
);
const longRunning = services.filter(([name]) => !waitedForToEnd.has(name));
const manifest = JSON.parse(await read('package.json')) as {
  version: string;
  devDependencies: Record<string, string>;
  dependencies: Record<string, string>;
};

const ENV = { POSTGRES_PASSWORD: 'only-for-this-test', CONTINUITY_WORKSPACE: '/srv/projects' };
const plugin = await execa('docker', ['compose', 'version'], { reject: false });
if (plugin.failed)
  console.warn('docker compose is not here: docker-compose.yml is parsed and checked, but not by Compose itself.');

describe('docker-compose.yml', () => {
  it('has a store, its schema, a server, its namespace, a UI with its door, and a worker', () => {
    expect(services.map(([name]) => name)).toEqual([
      'postgresql',
      'schema',
      'temporal',
      'namespace',
      'web-ui',
      'web-ui-door',
      'worker',
    ]);
    expect([...waitedForToEnd].sort()).toEqual(['namespace', 'schema']);
  });

  it.each(services)('%s: its image is pinned', (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:\d+\.\d+(\.\d+)?$/);
  });

  it.each(services)('%s: its ports are for this machine only', (_name, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(longRunning)('%s: runs on, is asked for its health, and gets time to end', (_name, service) => {
    expect(service).toMatchObject({
      restart: 'unless-stopped',
      init: true,
      stop_grace_period: expect.stringMatching(/^\d+[sm]$/) as string,
    });
    expect(service.healthcheck?.test?.[0]).toBe('CMD');
  });

  it.each([...waitedForToEnd])('%s: is tried again, but not for ever', (name) => {
    expect(compose.services[name]?.restart).toMatch(/^on-failure:\d+$/);
  });

  it('waits for what a service needs to be healthy or done, never only started', () => {
    for (const [, { depends_on = {} }] of services) {
      for (const [name, { condition }] of Object.entries(depends_on))
        expect(condition).toBe(waitedForToEnd.has(name) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it('has no secret: every password comes from the environment', () => {
    const secrets = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|SECRET|TOKEN|KEY/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(0);
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
  });

  it('keeps the database, the data directory and the sessions in named volumes', () => {
    const kept = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter((volume) => typeof volume === 'string' && !volume.startsWith('.')),
    );
    expect(kept).toEqual([
      'postgresql:/var/lib/postgresql/data',
      'continuity:/var/lib/continuity',
      'opencode:/home/node/.local/share/opencode',
    ]);
    expect(Object.keys(compose.volumes)).toEqual(['postgresql', 'continuity', 'opencode']);
  });

  it('gives the worker the projects under the path that they have outside, and no way to the database', () => {
    const { volumes = [], networks = [] } = compose.services['worker'] ?? {};
    const bound = volumes.flatMap((volume) => (typeof volume === 'object' ? [volume] : []));
    expect(bound).toHaveLength(1);
    expect(bound[0]?.source).toBe(bound[0]?.target);
    expect(networks.filter((name) => compose.services['postgresql']?.networks?.includes(name))).toEqual([]);
  });

  it('says how many shards there are before the first start, and has the dynamic config that the server is told of', async () => {
    const { environment = {}, volumes = [] } = compose.services['temporal'] ?? {};
    expect(environment['NUM_HISTORY_SHARDS']).toMatch(/^\d+$/);
    const [from = '', to = ''] = volumes.flatMap((volume) => (typeof volume === 'string' ? volume.split(':') : []));
    const file = environment['DYNAMIC_CONFIG_FILE_PATH']?.replace(to, from.replace('./', '')) ?? '';
    expect(await parse(file)).toMatchObject({ 'history.transferProcessorMaxPollRPS': [{ value: 2000 }] });
  });

  it('closes the HTTP API of Temporal, which any web page could use', async () => {
    expect(await parse('deploy/dynamicconfig/temporal.yaml')).toMatchObject({
      'frontend.httpAllowedHosts': [{ value: ['refused.invalid'] }],
    });
  });

  it('lets a browser reach the Web UI through its door alone', () => {
    const { 'web-ui': ui, 'web-ui-door': door } = compose.services;
    expect(ui).not.toHaveProperty('ports');
    expect(ui?.networks).toEqual(['ui']);
    expect(compose.networks['ui']).toEqual({
      internal: true,
      driver_opts: { 'com.docker.network.bridge.inhibit_ipv4': 'true' },
    });
    expect(door).toMatchObject({ ports: ['127.0.0.1:8080:8080'], environment: { WEB_UI: 'web-ui:8080' } });
    expect(door?.volumes).toContain('./deploy/web-ui-door.conf.template:/etc/nginx/templates/default.conf.template:ro');
  });

  it('asks for nothing that deploy/env.example does not explain', async () => {
    const asked = new Set([...source.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name));
    const explained = [...(await read('deploy/env.example')).matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual([...asked].sort());
  });

  it('names the release that is in package.json', () => {
    expect(compose.services['worker']?.image).toBe(`session-continuity:${manifest.version}`);
  });

  it.skipIf(plugin.failed)('is what Compose understands', async () => {
    const { stdout } = await execa(
      'docker',
      ['compose', '--file', `${root}docker-compose.yml`, '--env-file', '/dev/null', 'config', '--format', 'json'],
      { env: ENV },
    );
    const config = JSON.parse(stdout) as { services: Record<string, unknown> };
    expect(Object.keys(config.services).sort()).toEqual(services.map(([name]) => name).sort());
  });

  it.skipIf(plugin.failed).each(Object.keys(ENV))('is refused without %s', async (name) => {
    const env = Object.fromEntries(Object.entries({ ...process.env, ...ENV }).filter(([key]) => key !== name));
    const { failed, stderr } = await execa(
      'docker',
      ['compose', '--file', `${root}docker-compose.yml`, '--env-file', '/dev/null', 'config', '--quiet'],
      { env, extendEnv: false, reject: false },
    );
    expect(failed).toBe(true);
    expect(stderr).toContain(name);
  });
});

describe('Dockerfile', () => {
  it('pins a Debian image in every stage and ends as an ordinary user', async () => {
    const lines = (await read('Dockerfile')).split('\n');
    const from = lines.filter((line) => line.startsWith('FROM '));
    expect(from.length).toBeGreaterThan(1);
    for (const line of from) expect(line).toMatch(/^FROM node:20\.\d+\.\d+-bookworm-slim( AS \w+)?$/);
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER node');
  });

  it('has the OpenCode that the client was made for', () => {
    expect(manifest.devDependencies['opencode-ai']).toBe(manifest.dependencies['@opencode-ai/sdk']);
  });
});
