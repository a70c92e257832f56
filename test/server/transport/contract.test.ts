import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { systemClock } from '../../../shared/clock.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { attachNode } from '../../../server/transport/node/attach.js';
import type { Transport } from '../../../server/transport/transport.js';

import { connectPolling } from './polling-client.js';
import { listeners, type Listen } from './transport-harness.js';
import { describePublish } from './publish-contract.js';
import { describeTransport, type ContractClient, type ContractHarness } from './transport-contract.js';

function wrap(socket: WebSocket): ContractClient {
  const frames: Uint8Array[] = [];
  let closed: ContractClient['closed'];
  socket.on('message', (data: Buffer) => frames.push(data));
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  socket.on('error', () => {});
  return {
    get subprotocol() {
      return socket.protocol;
    },
    frames,
    get closed() {
      return closed;
    },
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    abandon: () => socket.terminate(),
    stopReading: () => socket.pause(),
    resumeReading: () => socket.resume(),
  };
}

/** A transport to run the suite on. */
interface Subject {
  readonly listen: Listen;
  /** What stands before every path in a URL. */
  readonly prefix: string;
}

/** On an application's server, which answers what is not ours. */
const attached: Subject = {
  prefix: '/app/sync',
  async listen(options, handler, dependencies) {
    const server = createServer((_request, response) => void response.end('the application'));
    await new Promise<void>((resolve) => {
      server.listen(0, options.host, resolve);
    });
    onTestFinished(() => void server.close());
    return attachNode({ ...options, server, basePath: attached.prefix }, handler, dependencies);
  },
};

function createHarness({ listen, prefix }: Subject): ContractHarness {
  let transport: Transport;
  const opened: WebSocket[] = [];
  return {
    async start(handler, options) {
      const complete = {
        host: '127.0.0.1',
        port: 0,
        maxMessageBytes: 16 << 20,
        maxBufferedBytes: 4 << 20,
        maxBodyBytes: 16 << 20,
        maxHttpConnections: 100,
        idleTimeoutS: 30,
        limits: defaultLimits,
        trustedProxies: [],
        ...options,
      };
      transport = await listen(complete, handler, { logger: silentLogger, clock: systemClock });
      return transport;
    },
    async connect({ path = '/', headers, protocols = [] } = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${transport.port}${prefix}${path}`, [...protocols], {
        headers,
      });
      opened.push(socket);
      const client = wrap(socket);
      return new Promise((resolve, reject) => {
        socket.on('open', () => resolve(client));
        socket.on('error', reject);
        socket.on('unexpected-response', (_request, response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          });
        });
      });
    },
    connectOverHttp: () => connectPolling(fetch, `ws://127.0.0.1:${transport.port}${prefix}/`),
    async request(method, path, body) {
      const url = `http://127.0.0.1:${transport.port}${prefix}${path}`;
      const response = await fetch(
        url,
        body === undefined ? { method } : { method, body: Buffer.from(body) },
      );
      return { status: response.status, body: await response.text() };
    },
    async until(condition) {
      const deadline = performance.now() + 8000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`never: ${String(condition)}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    settle: () => new Promise((resolve) => setTimeout(resolve, 40)),
    async stop() {
      for (const socket of opened) socket.terminate();
      transport.close();
    },
  };
}

const subjects: Readonly<Record<string, Subject>> = {
  uws: { listen: listeners.uws, prefix: '' },
  node: { listen: listeners.node, prefix: '' },
  'node, attached': attached,
};

for (const [name, subject] of Object.entries(subjects)) {
  describeTransport(name, () => createHarness(subject));
  describePublish(name, () => createHarness(subject));
}
