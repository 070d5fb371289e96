/** The shapes of histories in which a topic begins as a copy of another one (`record-histories.ts`). */
import type { World } from './world.js';

export const forkShapes: Record<string, (world: World, topic: string) => Promise<void>> = {
  async 'forked-and-forked-with-a-brief'({ manager }, topic) {
    const original = `${topic}-original`;
    await manager.delegate(original, 'Add login endpoint');
    await manager.delegate(topic, 'Otherwise', { fork: { topic: 'nowhere' } });
    await manager.delegate(topic, 'Otherwise', { fork: { topic: original }, agent: 'other', prompt_id: 'a' });
    await manager.delegate(topic, 'Go on', { prompt_id: 'b' });
  },
  async forked({ manager }, topic) {
    const original = `${topic}-original`;
    await manager.delegate(original, 'Add login endpoint');
    await manager.delegate(topic, 'Otherwise', { fork: { topic: original }, model: 'fake/large' });
    await manager.delegate(topic, 'Go on');
  },
};
