/**
 * A process in the position of a worker that an agent's tool started: it has the marker of the tree
 * that it ends. Its own child has another environment. Prints whether that child is still there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AGENT_MARKER, killTree } from '../../src/host/process-tree.js';
import { isRunning } from './processes.js';

const [marker = ''] = process.argv.slice(2);
const child = spawn('sleep', ['60'], { env: { PATH: process.env.PATH } });
await once(child, 'spawn');
await killTree(`${AGENT_MARKER}=${marker}`);
console.log(isRunning(child.pid ?? 0) ? 'spared' : 'ended');
child.kill('SIGKILL');
