/** The worker knows the agents; it is asked in a process of its own, and starts none of them. */
import { execa } from 'execa';
import { failure, type Failure } from '../../contract/failures.js';
import { workerScript } from '../../stack/worker-script.js';
import { fine, wrong, type Finding } from './check.js';

interface Description {
  version?: string;
  program?: string;
  store?: string;
  log?: string;
  problem?: Failure;
}

const WITHIN_MS = 30_000;

export async function checkAgents(dataDir: string): Promise<Finding[]> {
  try {
    const { stdout } = await execa(process.execPath, [workerScript(), '--describe'], { env: { CONTINUITY_DATA_DIR: dataDir }, timeout: WITHIN_MS });
    return Object.entries(JSON.parse(stdout) as Record<string, Description>).map(([name, said]) => findingOf(`agent ${name}`, said));
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'failure' in error) return [wrong('agents', error.failure as Failure)];
    return [wrong('agents', failure('INTERNAL', `The worker did not describe its agents: ${error instanceof Error ? error.message : String(error)}`))];
  }
}

function findingOf(check: string, { version, program, store, log, problem }: Description): Finding {
  if (problem) return wrong(check, problem);
  const said = [version, program, store && `store ${store}`, log && `log ${log}`];
  return fine(check, said.filter(Boolean).join(', '));
}
