/**
 * The shapes of histories in which prompts have fields that older releases do not know
 * (`record-histories.ts`).
 */
import * as messages from '../../src/contract/messages.js';
import { until } from './until.js';
import type { World } from './world.js';

export const fieldShapes: Record<string, (world: World, topic: string) => Promise<void>> = {
  async 'accepted-with-fields-that-older-releases-do-not-know'({ manager }, topic) {
    await manager.delegate(topic, '[[holds: 182000 3600000]] one', { workspace: { mode: 'shared' } });
    await manager.submit(topic, 'two', { prompt_id: 'two', when_warm: '2s', notify: 'true' });
    await manager.wait(topic, 'two');
    await manager.delegate(topic, 'three', { on_cold: 'compact' });
    await until(async () => (await manager.view(topic)).notices === undefined);
  },
  async 'signalled-to-compact'({ manager, client }, topic) {
    await manager.delegate(topic, '[[holds: 182000 3600000]] Add login endpoint');
    const prompt = { prompt: 'Fix it', prompt_id: 'alone', on_cold: 'compact' };
    await client.workflow.getHandle(`topic/${topic}`).signal(messages.promptSignal, prompt as never);
    await manager.wait(topic, 'alone');
  },
};
