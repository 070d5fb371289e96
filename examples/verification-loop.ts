/**
 * "Run the tests. If they fail, ask the same session to fix them." This is one durable call. The
 * worker is killed while the tests run, and the loop continues.
 *
 *   npx tsx examples/verification-loop.ts
 *
 * Everything is real except the model behind the agent. That is a script. The text in [[ ]] says
 * which tool it calls.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { SessionManager } from '../src/index.js';
import { promptsInSession } from './stage/agent-session.js';
import { wordsOf } from './stage/claims.js';
import { perform } from './stage/perform.js';
import { say, until } from './stage/say.js';

const PROMPT = 'Write sum.js [[bash: echo "exports.sum = (a, b) => a - b;" > sum.js]]';
/** A real model finds the fix by itself. The failing test names the fix for the script. */
const TESTS = `
const { sum } = require('./sum.js');
const { existsSync, writeFileSync } = require('node:fs');
const expect = (what, fix) => { if (!what) { console.error('AssertionError: ' + fix); process.exit(1); } };

expect(sum(2, 3) === 5, 'sum(2, 3) is not 5 [[bash: echo "exports.sum = (a, b) => a + b;" > sum.js]]');
// At the first run, this line takes long enough for the worker to be killed.
if (!existsSync('reached')) { writeFileSync('reached', ''); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000); }
expect(sum() === 0, 'sum() is not 0 [[bash: echo "exports.sum = (a = 0, b = 0) => a + b;" > sum.js]]');
console.log('3 tests passed');
`;
const RUN = 'node sum.test.cjs';

await perform(async (stage, signal) => {
  await writeFile(join(stage.project, 'sum.test.cjs'), TESTS);
  await using manager = await SessionManager.connect();

  say(`sum ← ${wordsOf(PROMPT)}, and then: ${RUN}`);
  const working = manager.delegate('sum', PROMPT, { checks: [{ run: RUN, timeout: '1m' }], max_fixes: 3, signal });

  await Promise.race([working, until(() => existsSync(join(stage.project, 'reached')), signal)]);
  const pid = await stage.workerPid();
  say(`The tests run. kill -9 ${pid}: the worker is gone.`);
  process.kill(pid, 'SIGKILL');

  const { status, session_id, checks } = await working;
  const rounds = checks?.rounds ?? [];
  for (const { turn, ran, duration_ms } of rounds) {
    const how = ran
      .map(({ run, passed, exit_code }) => `${passed ? 'passed' : `exit code ${exit_code}`}: ${run}`)
      .join(', ');
    process.stdout.write(`turn ${turn} · ${(duration_ms / 1000).toFixed(1)} s · ${how}\n`);
  }
  const prompts = await promptsInSession(stage, session_id ?? '');
  return [
    {
      claim: 'the work is done, and its tests pass',
      holds: status === 'completed' && checks?.passed === true && rounds.length === 3,
    },
    {
      claim: 'they pass outside of the session, too',
      holds: (await execa({ cwd: stage.project, shell: true, reject: false })`${RUN}`).exitCode === 0,
    },
    {
      claim: 'each failure went to the same session, once',
      holds:
        prompts.length === 3 &&
        prompts[0] === PROMPT &&
        ['sum(2, 3) is not 5', 'sum() is not 0'].every((why, i) => prompts[i + 1]?.includes(why)),
    },
    {
      claim: 'the worker was killed while the tests ran, and another one went on',
      holds: pid !== (await stage.workerPid()),
    },
  ];
});
