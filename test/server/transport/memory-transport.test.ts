import {
  createMemoryTransport,
  type MemoryClient,
  type MemoryTransport,
} from '../../support/memory-transport.js';
import { describeTransport, type ContractClient, type ContractHarness } from './transport-contract.js';

function wrap(client: MemoryClient): ContractClient {
  return {
    get subprotocol() {
      return client.subprotocol ?? '';
    },
    frames: client.received,
    get closed() {
      return client.closed;
    },
    send: (data) => client.send(data),
    close: (code, reason) => client.close(code, reason),
    abandon: () => client.terminate(),
    stopReading: () => (client.isReading = false),
    resumeReading: () => (client.isReading = true),
  };
}

function createHarness(): ContractHarness {
  let transport: MemoryTransport;
  return {
    start(handler, options) {
      transport = createMemoryTransport();
      return transport.listen(options, handler);
    },
    async connect({ path = '/', headers, protocols } = {}) {
      const [pathname = '/', query = ''] = path.split('?');
      const client = transport.connect(pathname, {
        query,
        ...(headers === undefined ? {} : { headers }),
        ...(protocols === undefined ? {} : { protocols }),
      });
      await client.decided;
      return client.refusal ?? wrap(client);
    },
    async request(method, path, body) {
      const reply = await transport.request({ method, path, ...(body === undefined ? {} : { body }) });
      return { status: reply.status, body: Buffer.from(reply.body ?? '').toString() };
    },
    async until(condition) {
      for (let round = 0; round < 100; round++) {
        if (condition()) return;
        await transport.settle();
      }
      throw new Error(`never: ${String(condition)}`);
    },
    settle: () => transport.settle(),
    async stop() {
      transport.close();
    },
  };
}

describeTransport('memory', createHarness);
