/**
 * Which requests may reach the Web UI. The UI itself takes any `Host`, so a page whose name resolves to 127.0.0.1 (DNS rebinding) would be of
 * the UI's own origin, could read its CSRF token, and could signal every topic.
 */
import type { IncomingMessage } from 'node:http';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** @param names more host names, without a port, under which the UI is reached */
export function refusalOf({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, names: readonly string[]): string | undefined {
  const { host = '', origin } = headers;
  const name = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.exec(host)?.[1]?.toLowerCase();
  if (name === undefined || ![...LOOPBACK, ...names.map((one) => one.toLowerCase())].includes(name)) {
    return `The Web UI is not reached under the name ${name ?? '(none)'}. Open it as localhost, or allow this name: continuity up --ui-host NAME`;
  }
  if (origin !== undefined && ![`http://${host}`, `https://${host}`].includes(origin)) return `A page of ${origin} must not use the Web UI.`;
  const site = headers['sec-fetch-site'] ?? 'none';
  const followsLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  if (site !== 'none' && site !== 'same-origin' && !followsLink) return 'A page of another site must not use the Web UI.';
  return undefined;
}
