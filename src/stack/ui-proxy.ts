/**
 * Serves the Web UI on 127.0.0.1 and forwards the requests that `ui-guard.ts` admits. The UI uses
 * plain HTTP and no WebSocket (2.54).
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { portInUse, type Endpoint } from './ports.js';
import { refusalOfRequest } from './ui-guard.js';

export interface UiProxyOptions {
  port: number;
  /** The UI's current address. It changes when the server restarts. */
  ui: () => Endpoint;
  names: readonly string[];
}

/** @throws Failed TEMPORAL_UNAVAILABLE when the port is in use */
export async function startUiProxy({ port, ui, names }: UiProxyOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const refusal = refusalOfRequest(incoming, names);
    if (refusal === undefined) handOn(incoming, outgoing, ui());
    else answer(outgoing, 403, refusal);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? portInUse(port, '--ui-port') : cause),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  // For example too many open files. Then the request is lost, but not the stack.
  server.on('error', () => undefined);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function handOn(incoming: IncomingMessage, outgoing: ServerResponse, { host, port }: Endpoint): void {
  const { method, url, headers } = incoming;
  const onward = request({ host, port, method, path: url, headers }, (reply) => {
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    pipeline(reply, outgoing, () => undefined); // When one side breaks off, so does the other.
  });
  pipeline(incoming, onward, (error) => {
    if (error)
      answer(
        outgoing,
        502,
        'The Web UI does not answer. When its server has ended, it is being restarted. Try again in a few seconds.',
      );
  });
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
