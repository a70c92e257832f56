// One user's copy of a document in a fuzz run, and its connection, which loses, repeats and reorders what it carries.

import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Peer, until } from '../support/peer.js';
import type { SeededRandom } from '../support/seeded-random.js';

export interface Replica {
  readonly doc: Y.Doc;
  /** Every close code it was given, in order. */
  readonly closes: readonly number[];
  /** Clocks below this of its own edits have come back to it: the server says they are durable. */
  readonly acknowledged: number;
  connect(): void;
  /** Abrupt: without a closing handshake. */
  disconnect(isAbrupt: boolean): void;
  /** Delivers what it holds back. */
  flush(): void;
  /** From now on nothing is lost: connects anew, and resolves when it has what the server had. */
  settle(): Promise<void>;
  close(): void;
}

export interface ReplicaOptions {
  readonly url: string;
  readonly documentName: string;
  readonly token: string | undefined;
  readonly doc: Y.Doc;
  readonly random: SeededRandom;
}

/** A peer whose messages get lost, doubled and mixed up, in both directions. */
export class LossyReplica implements Replica {
  readonly doc: Y.Doc;
  readonly closes: number[] = [];
  acknowledged = 0;
  readonly #options: ReplicaOptions;
  #peer: Peer | undefined;
  #isLossy = true;
  #outbox: Uint8Array[] = [];
  #inbox: Uint8Array[] = [];
  readonly #send: (update: Uint8Array, origin: unknown) => void;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.doc = options.doc;
    this.#send = (update, origin) => {
      if (origin === this) return;
      if (!this.#isLossy) this.#peer?.update(update);
      else this.#mishandle(update, this.#outbox, (held) => this.#peer?.update(held));
    };
    this.doc.on('update', this.#send);
  }

  connect(): void {
    if (this.#peer !== undefined && this.#peer.closed === undefined) return;
    const { url, documentName, token } = this.#options;
    const apply = (update: Uint8Array): void => Y.applyUpdate(this.doc, update, this);
    const peer: Peer = new Peer(`${url}/${documentName}`, {
      doc: this.doc,
      sends: false,
      ...(token === undefined ? {} : { token }),
      applies: (update) => {
        this.#noteAcks(update);
        if (this.#isLossy) this.#mishandle(update, this.#inbox, apply);
        else apply(update);
      },
    });
    peer.socket.on('close', (code: number) => this.closes.push(code));
    this.#peer = peer;
    this.#outbox = [];
    this.#inbox = [];
  }

  disconnect(isAbrupt: boolean): void {
    if (isAbrupt) this.#peer?.terminate();
    else this.#peer?.close();
    this.#peer = undefined;
  }

  flush(): void {
    const { random } = this.#options;
    for (const update of random.shuffle(this.#outbox.splice(0))) this.#peer?.update(update);
    for (const update of random.shuffle(this.#inbox.splice(0))) Y.applyUpdate(this.doc, update, this);
  }

  async settle(): Promise<void> {
    this.#isLossy = false;
    await until(
      () => {
        if (this.#peer === undefined || this.#peer.closed !== undefined) this.connect();
        return this.#peer?.isSynced === true;
      },
      'a lossy replica is synced',
      20_000,
    );
  }

  close(): void {
    this.doc.off('update', this.#send);
    this.disconnect(true);
  }

  #noteAcks(update: Uint8Array): void {
    for (const { id, length } of Y.decodeUpdate(update).structs) {
      if (id.client === this.doc.clientID) this.acknowledged = Math.max(this.acknowledged, id.clock + length);
    }
  }

  #mishandle(update: Uint8Array, held: Uint8Array[], deliver: (update: Uint8Array) => void): void {
    const { random } = this.#options;
    const fate = random.int(20);
    if (fate < 1) return;
    if (fate < 6) held.push(update);
    else deliver(update);
    if (fate < 9) held.push(update);
  }
}

/** A stock provider, as good as its connection. */
export class StockReplica implements Replica {
  readonly doc: Y.Doc;
  readonly closes: number[] = [];
  /** Not looked at: the provider has no place to look from. */
  readonly acknowledged = 0;
  readonly #provider: WebsocketProvider;

  constructor({ url, documentName, token, doc }: ReplicaOptions, Provider: typeof WebsocketProvider) {
    this.doc = doc;
    this.#provider = new Provider(url, documentName, doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
      connect: false,
      maxBackoffTime: 400,
      params: token === undefined ? {} : { token },
    });
    this.#provider.on('connection-close', (event) => {
      if (event !== null) this.closes.push(event.code);
    });
  }

  connect(): void {
    this.#provider.connect();
  }

  disconnect(isAbrupt: boolean): void {
    if (isAbrupt) (this.#provider.ws as unknown as WebSocket | null)?.terminate();
    else this.#provider.disconnect();
  }

  flush(): void {}

  async settle(): Promise<void> {
    this.#provider.connect();
    await until(() => this.#provider.synced, 'a stock replica is synced', 20_000);
  }

  close(): void {
    this.#provider.destroy();
  }
}
