/** The door of the Web UI: a server on 127.0.0.1 that hands on what `ui-guard.ts` admits. The UI speaks plain HTTP only, no WebSocket (2.54). */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { portInUse, type Place } from './ports.js';
import { refusalOf } from './ui-guard.js';

export interface UiProxyOptions {
  port: number;
  /** Where the UI is now. It changes when the server is started again. */
  ui: () => Place;
  names: readonly string[];
}

/** @throws StackError TEMPORAL_UNAVAILABLE when the port is in use */
export async function startUiProxy({ port, ui, names }: UiProxyOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const refusal = refusalOf(incoming, names);
    if (refusal === undefined) handOn(incoming, outgoing, ui());
    else answer(outgoing, 403, refusal);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cause.code === 'EADDRINUSE' ? portInUse(port, '--ui-port') : cause));
    server.listen(port, '127.0.0.1', resolve);
  });
  // Too many open files, for one: the request is lost, not the stack.
  server.on('error', () => undefined);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function handOn(incoming: IncomingMessage, outgoing: ServerResponse, { host, port }: Place): void {
  const { method, url, headers } = incoming;
  const onward = request({ host, port, method, path: url, headers }, (reply) => {
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    pipeline(reply, outgoing, () => undefined); // Cut off on one side, it is cut off on the other.
  });
  pipeline(incoming, onward, (error) => {
    if (error) answer(outgoing, 502, 'The Web UI does not answer. It is started again when its server ended; try again in some seconds.');
  });
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
