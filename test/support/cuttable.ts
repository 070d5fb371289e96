/**
 * A network between a worker and its server that can be cut as a cable is: no connection ends, and
 * nothing arrives.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Cuttable {
  address: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function cuttable(server: string): Promise<Cuttable> {
  const [host = '', port] = server.split(':');
  const ends = new Set<Socket>();
  let whole = true;
  const relay = createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        ends.delete(from);
        to.destroy();
      });
      if (!whole) from.pause();
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return {
    address: `127.0.0.1:${(relay.address() as AddressInfo).port}`,
    cut() {
      whole = false;
      for (const end of ends) end.pause();
    },
    mend() {
      whole = true;
      for (const end of ends) end.resume();
    },
    async close() {
      for (const end of ends) end.destroy();
      relay.close();
      await once(relay, 'close');
    },
  };
}
