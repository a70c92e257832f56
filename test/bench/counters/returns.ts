// What crosses the wire when somebody comes back who has missed some edits of a large document: our client by offset, over
// a checkpoint and without one, our client by state vector, the stock provider. The clients, sessions, rooms are the real
// ones, over a transport in memory and a clock that is moved by hand.

import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { makePeopleScript } from '../../../bench/input/people.js';
import { textName } from '../../../bench/input/text-name.js';
import { readTrace, traceScript } from '../../../bench/input/trace.js';
import { Connection } from '../../../client/connection/connection.js';
import { SyncedDoc } from '../../support/synced-doc.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import type { Room } from '../../../server/room/room.js';
import { serverWriter } from '../../../server/room/writer.js';
import type { Position } from '../../../shared/native/position.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

/** A document and the edits that made it, the last of them one by one. */
export interface EditedDocument {
  readonly before: Uint8Array;
  readonly edits: readonly Uint8Array[];
}

/** Payload bytes of WebSocket messages, from opening the socket until it is in sync. */
export interface Traffic {
  readonly down: number;
  readonly up: number;
}

export interface Returns {
  readonly missed: number;
  /** Of the updates that were missed, as the log has them. */
  readonly missedBytes: number;
  readonly offset: Traffic;
  readonly offsetAcross: Traffic;
  readonly stateVector: Traffic;
  readonly stock: Traffic;
}

const manyEdits = 10_000;

/** About 300 KB, and ten thousand edits by four people. */
export function typedDocument(): EditedDocument {
  const writers = 4;
  const updatesPerWriter = manyEdits / writers;
  const script = makePeopleScript({ writers, updatesPerWriter, seed: 1, baseBytes: 290_000 });
  const turns = Array.from({ length: updatesPerWriter }, (_, turn) => turn);
  const edits = turns.flatMap((turn) => script.writers.map(({ updates }) => updates[turn]!.update));
  return { before: script.base, edits };
}

/** The document of a recorded trace, with its last ten thousand edits. */
export function tracedDocument(file: string): EditedDocument {
  const updates = traceScript(readTrace(file)).updates.map(({ update }) => update);
  return { before: mergeAccepted(updates.slice(0, -manyEdits)), edits: updates.slice(-manyEdits) };
}

/** Throws when somebody has not got everything in the end. */
export async function countReturns(document: EditedDocument, missed: number): Promise<Returns> {
  const known = document.edits.length - missed;
  // As a checkpoint has it.
  const before = compacted([document.before, ...document.edits.slice(0, known)]);
  const edits = document.edits.slice(known);
  const count = async (isAcross: boolean, comeBack: ComeBack): Promise<Traffic> =>
    countReturn({ before, edits, isAcross }, comeBack);
  return {
    missed,
    missedBytes: edits.reduce((sum, { length }) => sum + length, 0),
    offset: await count(false, (server, network, doc, position) => ours(server, network, doc, position)),
    offsetAcross: await count(true, (server, network, doc, position) => ours(server, network, doc, position)),
    stateVector: await count(true, (server, network, doc) => ours(server, network, doc)),
    stock: await count(true, (_server, network, doc) => stock(network, doc)),
  };
}

function compacted(updates: readonly Uint8Array[]): Uint8Array {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, mergeAccepted(updates));
  return Y.encodeStateAsUpdate(doc);
}

/** Connects a client that has this document; returns how it is ended. */
type ComeBack = (server: SessionServer, network: Network, doc: Y.Doc, position: Position) => () => void;

async function countReturn(
  of: { before: Uint8Array; edits: readonly Uint8Array[]; isAcross: boolean },
  comeBack: ComeBack,
): Promise<Traffic> {
  const server = createSessionServer();
  try {
    const room = await server.registry.open('doc' as never);
    const host = serverWriter();
    room.join(host);
    await write(server, room, [of.before]);
    await server.registry.checkpoint(room);
    const position = { epoch: room.epoch, offset: room.progress.head };
    await write(server, room, of.edits);
    if (of.isAcross) await server.registry.checkpoint(room);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, of.before);
    const network = new Network(() => server.transport);
    const end = comeBack(server, network, doc, position);
    await server.run(300);
    const traffic = { down: network.heardBytes, up: network.sentBytes };
    end();
    expectSame(doc, room);
    room.leave(host);
    return traffic;
  } finally {
    await server.run(10);
    await server.close();
  }
}

async function write(server: SessionServer, room: Room, updates: readonly Uint8Array[]): Promise<void> {
  for (const update of updates) void room.accept(update, serverWriter(), true);
  await server.registry.settle();
}

/** By offset where there is a position, else by state vector. */
function ours(server: SessionServer, network: Network, doc: Y.Doc, position?: Position): () => void {
  const { clock } = server;
  const random = (): number => 0.5;
  const connection = new Connection({
    url: 'ws://server/',
    token: async () => 'write',
    device: 'device',
    agent: 'test/1',
    openSocket: network.openSocket,
    clock,
    random,
  });
  const deps = { doc, name: 'doc', connection, clock, random };
  const sync = new SyncedDoc({ ...deps, position });
  sync.start();
  connection.connect();
  return () => {
    const { phase } = sync;
    sync.destroy();
    connection.destroy();
    if (phase !== 'synced') throw new Error(`the document is ${phase}`);
  };
}

function stock(network: Network, doc: Y.Doc): () => void {
  const provider = new WebsocketProvider('ws://server', 'doc', doc, {
    params: { token: 'write' },
    disableBc: true,
    WebSocketPolyfill: webSocketOver(network) as unknown as typeof WebSocket,
  });
  return () => {
    const isSynced = provider.synced;
    provider.destroy();
    provider.awareness.destroy();
    if (!isSynced) throw new Error('the stock provider is not in sync');
  };
}

/** As much of a browser's WebSocket as the provider uses. */
function webSocketOver(network: Network): new (url: string) => object {
  return class MemoryWebSocket {
    binaryType = '';
    readonly OPEN = 1;
    readyState = 0;
    onopen: (() => void) | undefined;
    onmessage: ((event: { data: ArrayBufferLike }) => void) | undefined;
    onclose: ((event: { code: number; reason: string }) => void) | undefined;
    readonly #socket;

    constructor(url: string) {
      this.#socket = network.openSocket(url, {
        opened: () => {
          this.readyState = this.OPEN;
          this.onopen?.();
        },
        frame: (bytes) => this.onmessage?.({ data: Uint8Array.from(bytes).buffer }),
        closed: (code, reason) => this.onclose?.({ code, reason }),
      });
    }

    send(data: Uint8Array): void {
      this.#socket.send(data);
    }

    close(): void {
      this.#socket.close();
    }
  };
}

function expectSame(doc: Y.Doc, room: Room): void {
  const wanted = new Y.Doc();
  for (const part of room.content.all()) Y.applyUpdate(wanted, part);
  const isSame =
    doc.getText(textName).toString() === wanted.getText(textName).toString() &&
    Buffer.compare(Y.encodeStateVector(doc), Y.encodeStateVector(wanted)) === 0;
  if (!isSame) throw new Error('who came back has not got everything');
}
