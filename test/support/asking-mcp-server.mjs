/**
 * An MCP server over stdio with two tools: `note` takes a note, and `greet` asks the user for a name
 * first. It adds a line to the file in its first argument for each note.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
const tools = [
  { name: 'note', description: 'Takes a note.', inputSchema },
  { name: 'greet', description: 'Greets.', inputSchema, annotations: { readOnlyHint: true } },
];
const form = { type: 'object', properties: { name: { type: 'string' } } };
/** By the id of our request: the id of the call that waits for it. */
const waiting = new Map();

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const say = (id, text) => send({ id, result: { content: [{ type: 'text', text }] } });

function call(id, { name, arguments: given }) {
  if (name === 'note') {
    appendFileSync(process.argv[2], `${given.text}\n`);
    return say(id, 'noted');
  }
  const asked = `ask-${waiting.size + 1}`;
  waiting.set(asked, id);
  send({ id: asked, method: 'elicitation/create', params: { message: 'Who are you?', requestedSchema: form } });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (method === 'initialize') {
    const { protocolVersion } = params;
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'desk', version: '1' } } });
  } else if (method === 'tools/list') send({ id, result: { tools } });
  else if (method === 'tools/call') call(id, params);
  else if (method === undefined)
    say(waiting.get(id), result.action === 'accept' ? `Hello ${result.content.name}` : 'Hello');
  else if (id !== undefined) send({ id, result: {} });
});
