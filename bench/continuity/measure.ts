/** Runs the plan with a real agent, through a worker and a Temporal server, and keeps what reached the model. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { ChaosAgent } from '../../test/chaos/agents/agent.js';
import { startTemporal } from '../../test/support/world.js';
import { startAgentStage, type AgentStage } from '../agent-stage.js';
import type { Measured } from './measured.js';
import { directivesFor, promptOf, type Case } from './plan.js';
import { segmentsOf } from './segments.js';

/** The files of the plan, as they were then. */
const COMMIT = '421a4ed2962b842cc7b5cc4e534eb3a0b6f9900b';
const run = promisify(execFile);

/** @returns the paths of the plan's files, in the order in which they are read */
async function checkOut(cwd: string): Promise<string[]> {
  const options = { cwd, maxBuffer: 1 << 28 };
  const { stdout: here } = await run('git', ['rev-parse', '--show-toplevel']);
  const clone = ['clone', '--quiet', '--shared', '--no-checkout', here.trim(), '.'];
  await run('git', clone, options);
  await run('git', ['checkout', '--quiet', COMMIT], options);
  const { stdout } = await run(
    'git',
    ['ls-files', 'src/activities/*.ts', 'src/agents/**/*.ts', 'src/workflows/*.ts'],
    options,
  );
  return stdout.trim().split('\n');
}

export interface Wanted {
  files: readonly number[];
  followUps: number;
  /** In which follow-ups fresh sessions are measured, too, and what they skip. */
  freshAt: readonly number[];
  skips: readonly number[];
  rereads: boolean;
}

export async function measure(agent: ChaosAgent, wanted: Wanted, report: (line: string) => void): Promise<Measured[]> {
  const temporal = await startTemporal();
  const paths: string[] = [];
  const direct = (_: unknown, asks: string[]) => directivesFor(asks.at(-1) ?? '', paths);
  const stage = await startAgentStage(agent, temporal, { direct, keep: true });
  try {
    paths.push(...(await checkOut(stage.cwd)));
    await stage.isReady(stage.startWorker());
    await stage.manager.delegate('first of the host', 'Hello'); // Starts the agent's server, where it has one.
    const all: Measured[] = [];
    const turn = async (topic: string, plain: Case) => {
      const asked: Case = wanted.rereads ? { ...plain, rereads: true } : plain;
      const measured = await turnOf(stage, topic, asked);
      report(`${JSON.stringify(asked)}: ${measured.turn.length} requests, ${Math.round(measured.ms)} ms`);
      all.push(measured);
    };
    for (const files of wanted.files) {
      for (let followUp = 0; followUp <= wanted.followUps; followUp += 1) await turn(`${files}`, { files, followUp });
      for (const followUp of wanted.freshAt)
        for (const skips of wanted.skips) await turn(`${files}-${followUp}-${skips}`, { files, followUp, skips });
    }
    return all;
  } finally {
    await stage.dispose();
    await temporal.teardown();
  }
}

async function turnOf({ manager, model }: AgentStage, topic: string, asked: Case): Promise<Measured> {
  const before = model.requests().length;
  const since = performance.now();
  let firstMs = NaN;
  const stop = model.listen(() => {
    if (Number.isNaN(firstMs)) firstMs = performance.now() - since;
  });
  const { status, error } = await manager.delegate(topic, promptOf(asked));
  stop();
  if (status !== 'completed') throw new Error(`A turn ended as ${status}: ${error?.message}`);
  const ms = performance.now() - since;
  const turn = model
    .requests()
    .slice(before)
    .map((request) => {
      const segments = segmentsOf(request.body ?? '{}', countTokens);
      delete request.body; // The bodies of a run take gigabytes.
      return segments;
    });
  return { asked, turn, firstMs, ms };
}
