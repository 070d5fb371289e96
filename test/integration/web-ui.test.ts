/** What a person sees of a topic in Temporal's Web UI, in a real browser. The pictures are in test/output. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { startWorld, type World } from '../support/world.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const OUTPUT = fileURLToPath(new URL('../output/', import.meta.url));

const found = existsSync(CHROMIUM);
if (!found) process.stderr.write(`Skipped: the Web UI is looked at in Chromium, and there is no ${CHROMIUM} here.\n`);

describe.skipIf(!found)('the page of a topic with a running turn and two queued prompts', () => {
  const topic = 'login/endpoint' as TopicId;
  let world: World;
  let browser: Browser;
  let page: Page;
  let address: string;
  let session: string;
  let gate: string | undefined;

  beforeAll(async () => {
    await mkdir(OUTPUT, { recursive: true });
    const uiPort = await getPort();
    world = await startWorld({ uiPort });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1400, height: 1300 } });

    const { session_id } = await world.manager.delegate(topic, 'Add a login endpoint', { category: 'quick' });
    session = session_id ?? '';
    await world.manager.delegate(topic, '[[fail: AGENT_AUTH]] Fix: log every refusal');
    gate = join(world.dir, 'gate');
    await world.manager.submit(topic, `[[until: ${gate}]] Fix: add rate limiting`);
    await world.manager.submit(topic, 'Fix: escape <b>names</b>, *all* of them, &amp; ~~test~~ it', { prompt_id: 'in-markup' });
    await world.manager.submit(topic, 'Now write the tests', { prompt_id: 'the-tests' });
    await vi.waitUntil(async () => (await world.manager.view(topic)).running?.session_id === session, { timeout: 20_000 });
    const workflowId = workflowIdOf(topic);
    const { runId } = await world.client.workflow.getHandle(workflowId).describe();
    address = `http://localhost:${uiPort}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}`;
  });

  afterAll(async () => {
    if (gate !== undefined) await writeFile(gate, '');
    await browser?.close();
    await world?.dispose();
  });

  const open = (tab: 'timeline' | 'history' | 'user-metadata') => page.goto(`${address}/${tab}`, { waitUntil: 'domcontentloaded' });
  const picture = (name: string) => page.screenshot({ path: join(OUTPUT, `web-ui-${name}.png`), fullPage: true });
  const textOfPage = () => page.locator('main').innerText();
  /** The page shows our Markdown in a frame of its own. */
  const currentDetails = () => page.frameLocator('#user-metadata-current-details').locator('body').innerText();

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
    const parts = ['running · 3 turns · 2 queued', `session_id: ${session}`, 'agent: fake · category: quick', `turn 3: [[until: ${gate}]] Fix: add rate limiting`];
    for (const part of parts) expect(text).toContain(part);
    const queue = text.slice(text.indexOf('Queue'), text.indexOf('Last outcomes'));
    expect(queue).toMatch(/Fix: escape <b>names<\/b>, \*all\* of them, &amp; ~~test~~ it · in-markup\s+Now write the tests · the-tests/);
    const outcomes = text.slice(text.indexOf('Last outcomes'), text.indexOf('Go on'));
    expect(outcomes).toMatch(/turn 2 failed \(resumed, [\d.]+ s\): AGENT_AUTH: .*\s+turn 1 completed \(new, [\d.]+ s\): .*Add a login endpoint/);
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
