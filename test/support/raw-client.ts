// A light y-websocket client that knows what its server has acknowledged: an update of its own coming back, alone or as
// part of a larger one, is the ack. Reconnects only when told to; what is not acknowledged is offered again then.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

const messageSync = 0;
const sync = { step1: 0, step2: 1, update: 2 } as const;
const emptyUpdate = Uint8Array.of(0, 0);
const emptyStateVector = Uint8Array.of(0);

/** What an update holds: ends of structs and deleted ranges, by client id. */
interface Holdings {
  readonly ends: readonly (readonly [clientId: number, end: number])[];
  readonly deleted: readonly (readonly [clientId: number, clock: number, length: number])[];
}

function holdingsOf(update: Uint8Array): Holdings {
  const { structs, ds } = Y.decodeUpdate(update);
  const ends = new Map<number, number>();
  for (const { id, length } of structs)
    ends.set(id.client, Math.max(ends.get(id.client) ?? 0, id.clock + length));
  const deleted = [...ds.clients].flatMap(([clientId, ranges]) =>
    ranges.map(({ clock, len }) => [clientId, clock, len] as const),
  );
  return { ends: [...ends], deleted };
}

/** All that several updates hold together. They must be complete: no clock without those before it. */
export class Coverage {
  readonly #ends = new Map<number, number>();
  readonly #deleted = new Map<number, Set<number>>();

  add(update: Uint8Array): void {
    this.addHoldings(holdingsOf(update));
  }

  addHoldings({ ends, deleted }: Holdings): void {
    for (const [clientId, end] of ends) {
      if (end > (this.#ends.get(clientId) ?? 0)) this.#ends.set(clientId, end);
    }
    for (const [clientId, clock, length] of deleted) {
      let clocks = this.#deleted.get(clientId);
      if (clocks === undefined) this.#deleted.set(clientId, (clocks = new Set()));
      for (let at = clock; at < clock + length; at++) clocks.add(at);
    }
  }

  /** Whether everything in an update is in here. */
  covers(update: Uint8Array): boolean {
    const { ends, deleted } = holdingsOf(update);
    return (
      ends.every(([clientId, end]) => (this.#ends.get(clientId) ?? 0) >= end) &&
      deleted.every(([clientId, clock, length]) => {
        const clocks = this.#deleted.get(clientId);
        for (let at = clock; at < clock + length; at++) if (clocks?.has(at) !== true) return false;
        return true;
      })
    );
  }
}

export interface RawClientOptions {
  /** `ws://host:port`. */
  readonly url: string;
  readonly document: string;
  /** Kept up to date, and offered to the server at every handshake. Its own edits are not sent: `send` them. */
  readonly ydoc?: Y.Doc;
  readonly protocols?: readonly string[];
  /** As with a query: `?token=...`. */
  readonly query?: string;
}

export class RawClient {
  readonly ydoc: Y.Doc | undefined;
  /** Everything the server has sent since the first handshake. */
  readonly received = new Coverage();
  /** Sent or to be sent, not acknowledged, in order. */
  readonly pending: Uint8Array[] = [];
  /** Acknowledged, in order. */
  readonly acked: Uint8Array[] = [];
  isSynced = false;
  /** How the last connection ended; undefined while it is open. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Called after everything that came. */
  onProgress: (() => void) | undefined;
  readonly #options: RawClientOptions;
  /** What came on this connection after its handshake: the answer to a handshake acknowledges nothing. */
  #echoed = new Coverage();
  #socket: WebSocket | undefined;

  constructor(options: RawClientOptions) {
    this.#options = options;
    this.ydoc = options.ydoc;
  }

  /** Opens a connection and begins the handshake. */
  connect(): void {
    const { url, document, protocols = [], query = '' } = this.#options;
    const socket = new WebSocket(`${url}/${document}${query}`, [...protocols], { perMessageDeflate: false });
    socket.binaryType = 'nodebuffer';
    this.#socket = socket;
    this.closed = undefined;
    this.isSynced = false;
    this.#echoed = new Coverage();
    socket.on('error', () => {});
    socket.on('open', () => {
      const known = this.ydoc === undefined ? emptyStateVector : Y.encodeStateVector(this.ydoc);
      this.#sendMessage(sync.step1, known);
    });
    socket.on('message', (frame: Buffer) => {
      if (socket === this.#socket) this.#receive(frame);
    });
    socket.on('close', (code, reason) => {
      if (socket !== this.#socket) return;
      this.isSynced = false;
      this.closed = { code, reason: reason.toString() };
      this.onProgress?.();
    });
  }

  /** Hands an update over to the server, now or after the next handshake. */
  send(update: Uint8Array): void {
    this.pending.push(update);
    if (this.isSynced) this.#sendMessage(sync.update, update);
  }

  /** Makes an edit in the own document and sends it. */
  edit(change: (ydoc: Y.Doc) => void): void {
    const { ydoc } = this;
    if (ydoc === undefined) throw new Error('a client without a document cannot edit it');
    const updates: Uint8Array[] = [];
    const take = (update: Uint8Array): number => updates.push(update);
    ydoc.on('update', take);
    ydoc.transact(() => change(ydoc));
    ydoc.off('update', take);
    for (const update of updates) this.send(update);
  }

  close(): void {
    this.#socket?.close();
  }

  /** Ends the connection without a word, as a network does. */
  terminate(): void {
    this.#socket?.terminate();
  }

  #receive(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    while (decoding.hasContent(decoder)) {
      const type = decoding.readVarUint(decoder);
      if (type === messageSync)
        this.#receiveSync(decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder));
      else if (type === 1) decoding.readVarUint8Array(decoder);
      else return;
    }
    this.onProgress?.();
  }

  #receiveSync(type: number, payload: Uint8Array): void {
    if (type === sync.step1) {
      const offer = this.ydoc === undefined ? emptyUpdate : Y.encodeStateAsUpdate(this.ydoc, payload);
      this.#sendMessage(sync.step2, offer);
      return;
    }
    const update = payload.slice();
    const holdings = holdingsOf(update);
    this.received.addHoldings(holdings);
    if (this.ydoc !== undefined) Y.applyUpdate(this.ydoc, update, this);
    if (type === sync.step2 && !this.isSynced) {
      this.isSynced = true;
      // What is part of the answer may be known to the server and not yet durable: asked again, it says when it is.
      for (const pending of this.pending) this.#sendMessage(sync.update, pending);
    } else if (this.isSynced && type === sync.update) {
      this.#echoed.addHoldings(holdings);
      this.#settle();
    }
  }

  #settle(): void {
    let count = 0;
    while (count < this.pending.length && this.#echoed.covers(this.pending[count]!)) count++;
    if (count > 0) this.acked.push(...this.pending.splice(0, count));
  }

  #sendMessage(type: number, payload: Uint8Array): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, messageSync);
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, payload);
    this.#socket.send(encoding.toUint8Array(encoder));
  }
}

/** A client that has begun its handshake. */
export function connectRaw(options: RawClientOptions): RawClient {
  const client = new RawClient(options);
  client.connect();
  return client;
}
