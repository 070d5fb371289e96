/**
 * Decides which requests may reach the Web UI. The UI itself accepts any `Host`. A web page whose
 * name resolves to 127.0.0.1 (DNS rebinding) would then have the UI's origin, could read the CSRF
 * token, and could signal every topic.
 */
import type { IncomingMessage } from 'node:http';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * @param names more host names of the UI, without a port
 * @returns the reason for a refusal, else undefined
 */
export function refusalOfRequest(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  names: readonly string[],
): string | undefined {
  const { host = '', origin } = headers;
  const name = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.exec(host)?.[1]?.toLowerCase();
  if (name === undefined || ![...LOOPBACK, ...names.map((one) => one.toLowerCase())].includes(name)) {
    return `The Web UI does not answer to the host name ${name ?? '(none)'}. Open it as localhost, or allow the name: continuity up --ui-host NAME`;
  }
  if (origin !== undefined && ![`http://${host}`, `https://${host}`].includes(origin))
    return `A page of ${origin} may not use the Web UI.`;
  const site = headers['sec-fetch-site'] ?? 'none';
  const followsLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  if (site !== 'none' && site !== 'same-origin' && !followsLink)
    return 'A page of another site may not use the Web UI.';
  return undefined;
}
