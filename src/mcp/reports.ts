/** Sends reports to the client, in the form that it takes: a channel of Claude Code, or log messages. */
import type { McpServer } from '@modelcontextprotocol/server';
import type { PushStore } from '../contract/pushes.js';
import type { Pushes } from './pushes.js';

export interface Reporting {
  /** `true`: Claude Code's channel, which reaches the model. Otherwise log messages, which a client may show. */
  channel: boolean;
  /** Opens the store of reports for the client of this name. */
  pushStore: (client: string) => Promise<PushStore>;
}

/** Claude Code's name for it. A person has to let the server use it. */
const CHANNEL = 'claude/channel';

export function capabilitiesOf({ channel }: Reporting) {
  return { logging: {}, ...(channel && { experimental: { [CHANNEL]: {} } }) };
}

/**
 * Begins when the client sends `initialized`. A protocol version without that message has no messages that
 * the client did not ask for.
 */
export function report(pushes: Pushes, { server }: McpServer, { channel, pushStore }: Reporting): void {
  server.oninitialized = () => {
    void pushes.begin(pushStore(server.getClientVersion()?.name ?? ''), ({ content, meta }) =>
      channel
        ? server.notification({ method: `notifications/${CHANNEL}`, params: { content, meta } })
        : server.sendLoggingMessage({ level: 'notice', logger: 'continuity', data: content }),
    );
  };
}
