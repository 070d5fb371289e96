/**
 * What a person sees of topics in Temporal's Web UI, in a real browser. The pictures are in
 * test/output.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { savedViewLinks } from '../../src/stack/saved-views.js';
import { startWorld, type World } from '../support/world.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const OUTPUT = fileURLToPath(new URL('../output/', import.meta.url));

const found = existsSync(CHROMIUM);
if (!found) process.stderr.write(`Skipped: the Web UI is looked at in Chromium, and there is no ${CHROMIUM} here.\n`);

let world: World;
let browser: Browser;
let page: Page;
let ui: string;

beforeAll(async () => {
  if (!found) return;
  await mkdir(OUTPUT, { recursive: true });
  const uiPort = await getPort();
  ui = `http://localhost:${uiPort}`;
  world = await startWorld({ uiPort });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  page = await browser.newPage({ viewport: { width: 1400, height: 1300 } });
});

afterAll(async () => {
  await browser?.close();
  await world?.dispose();
});

const picture = (name: string) => page.screenshot({ path: join(OUTPUT, `web-ui-${name}.png`), fullPage: true });
const textOfPage = () => page.locator('main').innerText();
/** The page shows our Markdown in a frame of its own. */
const currentDetails = () => page.frameLocator('#user-metadata-current-details').locator('body').innerText();

async function openPage(topic: TopicId, tab: 'timeline' | 'history' | 'user-metadata'): Promise<void> {
  const workflowId = workflowIdOf(topic);
  const { runId } = await world.client.workflow.getHandle(workflowId).describe();
  await page.goto(`${ui}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`, {
    waitUntil: 'domcontentloaded',
  });
}

describe.skipIf(!found)('the page of a topic with a running turn and two queued prompts', () => {
  const topic = 'login/endpoint' as TopicId;
  let session: string;
  let gate: string | undefined;

  beforeAll(async () => {
    const { session_id } = await world.manager.delegate(topic, 'Add a login endpoint', { category: 'quick' });
    session = session_id ?? '';
    await world.manager.delegate(topic, '[[fail: AGENT_AUTH]] Fix: log every refusal');
    gate = join(world.dir, 'gate');
    await world.manager.submit(topic, `[[until: ${gate}]] Fix: add rate limiting`);
    await world.manager.submit(topic, 'Fix: escape <b>names</b>, *all* of them, &amp; ~~test~~ it', {
      prompt_id: 'in-markup',
    });
    await world.manager.submit(topic, 'Now write the tests', { prompt_id: 'the-tests' });
    await vi.waitUntil(async () => (await world.manager.view(topic)).running?.session_id === session, {
      timeout: 60_000,
    });
  });

  afterAll(async () => {
    if (gate !== undefined) await writeFile(gate, '');
  });

  const open = (tab: Parameters<typeof openPage>[1]) => openPage(topic, tab);

  test('its timeline names every turn by its number and its prompt', async () => {
    await open('timeline');
    await expect.poll(textOfPage).toContain('turn 3:');
    const text = await textOfPage();
    expect(text).toContain('open a session: Add a login endpoint');
    expect(text).toContain('turn 1: Add a login endpoint');
    expect(text).toContain('turn 2: [[fail: AGENT_AUTH]] Fix: log every refusal');
    await picture('timeline');
  });

  test('its history names every turn too', async () => {
    await open('history');
    await expect.poll(textOfPage).toContain('turn 1: Add a login endpoint');
    expect(await textOfPage()).toContain('turn 3: [[until:');
  });

  test('its User Metadata tab tells session, agent, running turn, queue and last outcomes, and how to go on', async () => {
    await open('user-metadata');
    await expect.poll(currentDetails).toContain('Go on');
    const text = await currentDetails();
    const parts = [
      'running · 3 turns · 2 queued',
      `session_id: ${session}`,
      'agent: fake · category: quick',
      `turn 3: [[until: ${gate}]] Fix: add rate limiting`,
    ];
    for (const part of parts) expect(text).toContain(part);
    const queue = text.slice(text.indexOf('Queue'), text.indexOf('Last outcomes'));
    expect(queue).toMatch(
      /Fix: escape <b>names<\/b>, \*all\* of them, &amp; ~~test~~ it · in-markup\s+Now write the tests · the-tests/,
    );
    const outcomes = text.slice(text.indexOf('Last outcomes'), text.indexOf('Go on'));
    expect(outcomes).toMatch(
      /turn 2 failed \(resumed, [\d.]+ s\): AGENT_AUTH: .*\s+turn 1 completed \(new, [\d.]+ s\): .*Add a login endpoint/,
    );
    expect(text).toContain(`continuity delegate --topic ${topic} 'Fix: …'`);
    expect(text).toContain(`continuity delegate --session ${session} 'Fix: …'`);
    await picture('user-metadata');
  });

  test('a refresh of its User Metadata tab, with the key R, shows what has happened since', async () => {
    await open('user-metadata');
    await expect.poll(currentDetails).toContain('2 queued');
    await writeFile(gate ?? '', '');
    expect(await world.manager.wait(topic, 'the-tests')).toMatchObject({ status: 'completed', turn: 5 });
    await page.keyboard.press('r');
    await expect.poll(currentDetails).toContain('idle · 5 turns · 0 queued');
    expect(await currentDetails()).toMatch(/Empty\.[^]*turn 5 completed \(resumed, [\d.]+ s\): .*Now write the tests/);
    await picture('after-refresh');
  });
});

describe.skipIf(!found)('topics in every state', () => {
  const [idle, failed, replaced, waiting] = [
    'docs/readme',
    'tests/flaky',
    'search/index',
    'reports/monthly',
  ] as TopicId[] as [TopicId, TopicId, TopicId, TopicId];
  let lost: string;

  beforeAll(async () => {
    await world.manager.delegate(idle, 'Write the README');
    await world.manager.delegate(failed, '[[fail: MODEL_FAILED]] Find out why they fail');
    lost = (await world.manager.delegate(replaced, 'Build the index')).session_id ?? '';
    world.agent.lose(lost);
    await world.manager.delegate(replaced, 'Fix: umlauts are not found');
    await world.manager.delegate(waiting, 'Sum up the month');
    // Another host takes the place of the one that has the sessions.
    await world.stopWorker();
    await world.startWorker({ host: 'host-2' });
    await world.client.workflow.getHandle(workflowIdOf(waiting)).signal('prompt', 'Fix: leave out the weekends');
    await vi.waitUntil(async () => (await world.manager.view(waiting)).running?.waiting_for_host !== undefined, {
      timeout: 60_000,
    });
  });

  test.each<[string, TopicId, (string | RegExp)[]]>([
    [
      'idle',
      idle,
      [
        'idle · 1 turn · 0 queued',
        /turn 1 completed \(new, [\d.]+ s\)/,
        "continuity delegate --topic docs/readme 'Fix: …'",
      ],
    ],
    ['failed', failed, ['idle · 1 turn · 0 queued', /turn 1 failed \(new, [\d.]+ s\): MODEL_FAILED: /]],
    [
      'replaced',
      replaced,
      [
        'idle · 2 turns · 0 queued',
        /turn 2 completed \(replaced, lost, instead of ses_\w+, [\d.]+ s\)/,
        /lost: ses_\w+/,
      ],
    ],
    [
      'waiting',
      waiting,
      [
        'waiting · 2 turns · 0 queued',
        'Host host-1 does not answer; the turn goes on when a worker is started there: continuity worker',
        'turn 2: Fix: leave out the weekends',
      ],
    ],
  ])('the page of one that is %s says so', async (state, topic, parts) => {
    await openPage(topic, 'user-metadata');
    await expect.poll(currentDetails).toContain('Go on');
    const text = await currentDetails();
    for (const part of parts)
      expect(text).toMatch(part instanceof RegExp ? part : new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    if (topic === replaced) expect(text).toContain(lost);
    await picture(state);
  });

  test('the links to views of the list find them, and the browser keeps the views', async () => {
    const links = savedViewLinks(ui, 'default');
    const all = [idle, failed, replaced, waiting];
    const shown = async () => {
      const text = await textOfPage();
      return all.filter((topic) => text.includes(workflowIdOf(topic)));
    };
    const expected: Record<string, TopicId[]> = {
      Topics: all,
      'Topics at work': [],
      'Topics that wait for a host': [waiting],
      'Topics with nothing to do': [idle, failed, replaced],
    };
    for (const { name, url } of links) {
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      await expect.poll(shown).toEqual(expected[name]);
    }
    await page.goto(`${ui}/namespaces/default/workflows`, { waitUntil: 'domcontentloaded' });
    await page.getByRole('button', { name: 'Saved Views' }).click();
    for (const { name } of links)
      await expect.poll(() => page.getByText(name, { exact: true }).count()).toBeGreaterThan(0);
    await picture('saved-views');
  });
});
