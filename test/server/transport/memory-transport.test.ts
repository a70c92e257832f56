import { Addresses } from '../../../server/transport/addresses.js';
import { LongPoll } from '../../../server/transport/long-poll.js';
import type { TransportHandler, TransportOptions } from '../../../server/transport/transport.js';
import { systemClock } from '../../../shared/clock.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { HttpNetwork } from '../../support/http-network.js';
import {
  createMemoryTransport,
  type MemoryClient,
  type MemoryTransport,
} from '../../support/memory-transport.js';
import { connectPolling } from './polling-client.js';
import { describePublish } from './publish-contract.js';
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

function overHttp(
  { polled }: MemoryTransport,
  handler: TransportHandler,
  options: Partial<TransportOptions>,
): LongPoll {
  return new LongPoll({
    options: { maxMessageBytes: 16 << 20, maxBufferedBytes: 4 << 20, maxHttpConnections: 100, ...options },
    handler,
    topics: polled,
    addresses: new Addresses(systemClock, defaultLimits),
    clock: systemClock,
    logger: silentLogger,
  });
}

function createHarness(): ContractHarness {
  let transport: MemoryTransport;
  let longPoll: LongPoll;
  return {
    start(handler, options) {
      transport = createMemoryTransport();
      longPoll = overHttp(transport, handler, options);
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
    connectOverHttp: () => connectPolling(new HttpNetwork(() => longPoll).fetch, 'ws://server/'),
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
      longPoll.close();
    },
  };
}

describeTransport('memory', createHarness);
describePublish('memory', createHarness);
