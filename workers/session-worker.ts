/**
 * The worker's own program, for `continuity up` and for questions about agents. Nothing imports it.
 */
import { exitWhenWritten, guardStreams } from '../src/host/streams.js';
import { main } from './main.js';

guardStreams();
exitWhenWritten(await main(process.argv.slice(2)));
