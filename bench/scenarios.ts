// What is measured. Each scenario gets a fresh server and returns figures; each checks that what it counts was delivered.

import * as Y from 'yjs';
import { clientFrame, LoadClient } from './load-client.js';
import { Receiver } from './receiver.js';
import type { ServerUnderTest } from './server-under-test.js';
import { keystroke, syncRequest, updateMessage } from './updates.js';

export type Figures = Readonly<Record<string, number>>;

export interface Scenario {
  readonly name: string;
  run(server: ServerUnderTest): Promise<Figures>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const maxSettleMs = 10_000;

/** Opens clients that have asked for everything. */
async function join(
  server: ServerUnderTest,
  room: string,
  count: number,
  receiver: Receiver,
): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await LoadClient.open(server.port, `/${room}`, receiver.receive);
    client.send(clientFrame(syncRequest));
    clients.push(client);
  }
  return clients;
}

/** Waits until a condition holds. Throws when it does not come to hold: a figure for work not done is none. */
async function settled(what: string, holds: () => boolean): Promise<void> {
  const until = performance.now() + maxSettleMs;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`${what} within ${maxSettleMs} ms`);
    await sleep(5);
  }
}

/** Writers type at a rate, all together, in rooms with some readers each. */
function typing(
  name: string,
  load: { rooms: number; writers: number; readers: number; rate: number; seconds: number },
): Scenario {
  return {
    name,
    async run(server) {
      const receiver = new Receiver();
      const writers: { client: LoadClient; clientId: number; clock: number }[] = [];
      const all: LoadClient[] = [];
      for (let room = 0; room < load.rooms; room++) {
        const clients = await join(server, `typing-${room}`, load.writers + load.readers, receiver);
        all.push(...clients);
        for (const client of clients.slice(0, load.writers)) {
          writers.push({ client, clientId: 1000 + writers.length, clock: 0 });
        }
      }
      await settled('not every client was synced', () => receiver.synced === all.length);
      receiver.reset();
      const before = server.usage();
      const startedAt = performance.now();
      let sent = 0;
      while (performance.now() - startedAt < load.seconds * 1000) {
        const due = Math.floor(((performance.now() - startedAt) / 1000) * load.rate);
        for (; sent < due; sent++) {
          const writer = writers[sent % writers.length];
          if (writer === undefined) break;
          writer.client.send(clientFrame(updateMessage(keystroke(writer.clientId, writer.clock++))));
        }
        await sleep(1);
      }
      const deliveries = sent * (load.writers + load.readers);
      await settled('not everything was delivered', () => receiver.keystrokes >= deliveries);
      const seconds = (performance.now() - startedAt) / 1000;
      const cpuS = server.usage().cpuS - before.cpuS;
      for (const client of all) client.close();
      return {
        deliveries,
        'deliveries per second': Math.round(deliveries / seconds),
        'server CPU s per million deliveries': round((cpuS / deliveries) * 1e6),
        'frames per delivery': round(receiver.frames / deliveries),
        'server busy': round(cpuS / seconds),
      };
    },
  };
}

/** Connections that say nothing. */
const idleConnections: Scenario = {
  name: '5,000 idle connections over 500 rooms',
  async run(server) {
    const receiver = new Receiver();
    const before = server.usage();
    const clients: LoadClient[] = [];
    for (let room = 0; room < 500; room++)
      clients.push(...(await join(server, `idle-${room}`, 10, receiver)));
    await settled('not every client was synced', () => receiver.synced === clients.length);
    await sleep(1_000);
    const after = server.usage();
    for (const client of clients) client.close();
    return {
      'RSS MB': round(after.rssBytes / 1e6),
      'RSS bytes per connection': Math.round((after.rssBytes - before.rssBytes) / clients.length),
    };
  },
};

/** Documents that were opened, hold a little, and are not used. */
const idleDocuments: Scenario = {
  name: '2,000 idle documents',
  async run(server) {
    const receiver = new Receiver();
    const before = server.usage();
    const count = 2_000;
    for (let room = 0; room < count; room++) {
      const [client] = await join(server, `document-${room}`, 1, receiver);
      for (let clock = 0; clock < 10; clock++) client?.send(clientFrame(updateMessage(keystroke(7, clock))));
      await settled('an edit was not acknowledged', () => receiver.keystrokes === (room + 1) * 10);
      client?.close();
    }
    await sleep(1_000);
    const after = server.usage();
    return {
      'RSS MB': round(after.rssBytes / 1e6),
      'RSS bytes per document': Math.round((after.rssBytes - before.rssBytes) / count),
    };
  },
};

/** Many clients open one large document at once. */
function joinStorm(name: string, makeDocument: () => Uint8Array): Scenario {
  return {
    name,
    async run(server) {
      const update = makeDocument();
      const seed = new Receiver();
      const [author] = await join(server, 'large', 1, seed);
      author?.send(clientFrame(updateMessage(update)));
      await settled('the document was not acknowledged', () => seed.keystrokes > 0);
      const receiver = new Receiver();
      const clients: LoadClient[] = [];
      for (let i = 0; i < 200; i++)
        clients.push(await LoadClient.open(server.port, '/large', receiver.receive));
      await sleep(200);
      const before = server.usage();
      const startedAt = performance.now();
      for (const client of clients) client.send(clientFrame(syncRequest));
      await settled('not every client was synced', () => receiver.synced === clients.length);
      const ms = performance.now() - startedAt;
      const cpuMs = (server.usage().cpuS - before.cpuS) * 1000;
      for (const client of clients) client.close();
      if (receiver.bytes < update.length * clients.length)
        throw new Error('some clients did not get the document');
      author?.close();
      return {
        'document bytes': update.length,
        'ms until all 200 are synced': Math.round(ms),
        'server CPU ms per join': round(cpuMs / clients.length),
      };
    },
  };
}

/** A text of about 100,000 letters, typed and corrected by one author. */
function longText(): Uint8Array {
  const doc = new Y.Doc();
  const text = doc.getText('text');
  for (let i = 0; i < 20_000; i++) {
    const at = (i * 7919) % (text.length + 1);
    text.insert(at, 'a word or two ');
    if (i % 4 === 0) text.delete(Math.min(at, text.length - 6), 6);
  }
  return Y.encodeStateAsUpdate(doc);
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function allScenarios(documentFile: (() => Uint8Array) | undefined): readonly Scenario[] {
  return [
    typing('50 writers x 50 readers, one room, 500 updates/s', {
      rooms: 1,
      writers: 50,
      readers: 50,
      rate: 500,
      seconds: 6,
    }),
    typing('50 writers x 50 readers, one room, 2,000 updates/s', {
      rooms: 1,
      writers: 50,
      readers: 50,
      rate: 2_000,
      seconds: 6,
    }),
    typing('50 writers x 50 readers, one room, 40,000 updates/s', {
      rooms: 1,
      writers: 50,
      readers: 50,
      rate: 40_000,
      seconds: 4,
    }),
    typing('500 rooms of 2, 2,000 updates/s', {
      rooms: 500,
      writers: 1,
      readers: 1,
      rate: 2_000,
      seconds: 6,
    }),
    typing('500 rooms of 2, 15,000 updates/s', {
      rooms: 500,
      writers: 1,
      readers: 1,
      rate: 15_000,
      seconds: 4,
    }),
    idleConnections,
    idleDocuments,
    joinStorm('200 clients join a large document', documentFile ?? longText),
  ];
}
