/** Says on stdout which signals count as first and as second. */
import { stopSignals } from '../../workers/stop-signals.js';

const { first, second, endsAgents } = stopSignals(() => undefined);
void first.then((name) => console.log(`first ${name}${endsAgents() ? ', ends agents' : ''}`));
void second.then((name) => console.log(`second ${name}${endsAgents() ? ', ends agents' : ''}`));
console.log('ready');
setInterval(() => undefined, 60_000);
