/** The two forms in which a client gets what it has not asked for. */
import type { McpServer } from '@modelcontextprotocol/server';
import type { PushStore } from '../contract/pushes.js';
import type { Pushes } from './pushes.js';

export interface Reporting {
  /**
   * Reports through Claude Code's channel, which reaches its model. Otherwise in log messages, which a
   * client may show.
   */
  channel: boolean;
  /** Where it is kept what is to be reported to the client of this name. */
  pushStore: (client: string) => Promise<PushStore>;
}

/** Claude Code's name for it. A person has to let the server use it. */
const CHANNEL = 'claude/channel';

export function capabilitiesOf({ channel }: Reporting) {
  return { logging: {}, ...(channel && { experimental: { [CHANNEL]: {} } }) };
}

/**
 * Begins once the client has said that it is initialized. A client of the protocol without that takes
 * nothing that it has not asked for.
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
