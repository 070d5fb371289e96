import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leftBehind } from '../../../workers/running-activities.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'continuity-running-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

test('a note that cannot be read is logged, and the notes beside it are picked up', async () => {
  const folder = join(dataDir, 'running');
  const left = { taskToken: 'dG9rZW4=', activity: 'runTurn', activityId: '1', workflowId: 'topic/left', runId: 'run' };
  await mkdir(join(folder, 'unreadable.json'), { recursive: true });
  await writeFile(join(folder, 'left.json'), JSON.stringify(left));
  const logged: unknown[] = [];
  const found = await leftBehind(dataDir, (message, facts) => logged.push([message, facts]));
  expect(found.map(({ activity }) => activity)).toEqual([left]);
  expect(logged).toEqual([
    [
      'note of an activity could not be read',
      { file: join(folder, 'unreadable.json'), error: expect.stringContaining('EISDIR') as string },
    ],
  ]);
});
