/** Checks the Web UI of the development stack. The address of another Web UI is unknown here. */
import { failure } from '../../contract/failures.js';
import { runningServer } from '../../stack/stack-record.js';
import { fine, wrong, type Finding } from './check.js';

export async function checkWebUi(dataDir: string): Promise<Finding[]> {
  const running = await runningServer(dataDir);
  if (!running) return [];
  try {
    const { status } = await fetch(running.uiUrl, { signal: AbortSignal.timeout(3000) });
    if (status < 400) return [fine('web ui', running.uiUrl)];
    return [wrong('web ui', problem(`answers with status ${status}`, running.uiUrl))];
  } catch (error) {
    return [
      wrong(
        'web ui',
        problem(`does not answer: ${error instanceof Error ? error.message : String(error)}`, running.uiUrl),
      ),
    ];
  }
}

function problem(what: string, url: string) {
  return failure(
    'TEMPORAL_UNAVAILABLE',
    `The Web UI at ${url} ${what}.`,
    'Stop continuity up with Ctrl-C and start it again.',
  );
}
