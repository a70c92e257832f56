// A client made of a plain WebSocket and a Y.Doc that speaks y-protocols, does what the test says, and keeps what it hears.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

/** A message from the server. `bytes` is the payload, `text` the reason of a refusal. */
export type Heard =
  | { readonly type: 'step1' | 'step2' | 'update' | 'awareness'; readonly bytes: Uint8Array }
  | { readonly type: 'denied'; readonly text: string };

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** null: gone. A string is sent as it is, to be no JSON if the test likes. */
  readonly state: unknown;
}

export interface PeerOptions {
  readonly doc?: Y.Doc;
  /** Query string without the question mark. */
  readonly query?: string;
  readonly token?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends sync step 1 as soon as it is open. Default true. */
  readonly asks?: boolean;
  /** Answers the server's sync step 1. Default true. */
  readonly answers?: boolean;
  /** Puts what it hears into its document. Default true. A function does it in its place. */
  readonly applies?: boolean | ((update: Uint8Array) => void);
  /** Sends the edits of its document. Default true. */
  readonly sends?: boolean;
}

const messages = { sync: 0, awareness: 1, denied: 2 } as const;

/** One connection to one document. Open another one on the same Y.Doc to reconnect. */
export class Peer {
  readonly doc: Y.Doc;
  readonly socket: WebSocket;
  /** Everything heard, in order. */
  readonly heard: Heard[] = [];
  /** What awareness says now, by client id; gone ones are not in it. */
  readonly present = new Map<number, unknown>();
  /** Whether step 2 has come: everything the server had is here. */
  isSynced = false;
  /** Undefined while open. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** HTTP status, if the upgrade was refused. */
  refusedStatus: number | undefined;
  #clocks = new Map<number, number>();
  readonly #options: PeerOptions;
  readonly #sendEdit: (update: Uint8Array, origin: unknown) => void;

  /** `url` with the path of the document. */
  constructor(url: string, options: PeerOptions = {}) {
    this.#options = options;
    this.doc = options.doc ?? new Y.Doc();
    const query = options.token === undefined ? (options.query ?? '') : `token=${options.token}`;
    this.socket = new WebSocket(query === '' ? url : `${url}?${query}`, [...(options.protocols ?? [])], {
      headers: options.headers ?? {},
    });
    this.socket.binaryType = 'nodebuffer';
    this.#sendEdit = (update, origin) => {
      if (origin !== this && this.#options.sends !== false) this.update(update);
    };
    this.doc.on('update', this.#sendEdit);
    this.socket.on('open', () => {
      if (this.#options.asks !== false) this.step1();
    });
    this.socket.on('message', (data: Buffer) => this.#receive(new Uint8Array(data)));
    this.socket.on('unexpected-response', (request, response) => {
      this.refusedStatus = response.statusCode;
      request.destroy();
      this.#end(1006, '');
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code: number, reason: Buffer) => this.#end(code, reason.toString()));
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Resolves when the socket is open; throws when it closes first. */
  async opened(): Promise<this> {
    await until(() => this.isOpen || this.closed !== undefined, 'the socket opens');
    if (this.closed !== undefined) throw new Error(`closed: ${this.closed.code} ${this.closed.reason}`);
    return this;
  }

  /** Resolves when it has everything the server had. */
  async synced(): Promise<this> {
    await until(() => this.isSynced || this.closed !== undefined, 'the peer is synced');
    if (!this.isSynced) throw new Error(`closed: ${this.closed?.code} ${this.closed?.reason}`);
    return this;
  }

  /** Resolves with how the server ended the connection. */
  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await until(() => this.closed !== undefined, 'the connection ends');
    return this.closed!;
  }

  step1(stateVector: Uint8Array = Y.encodeStateVector(this.doc)): void {
    this.send(frameOf([messages.sync, 0], stateVector));
  }

  step2(update: Uint8Array = Y.encodeStateAsUpdate(this.doc)): void {
    this.send(frameOf([messages.sync, 1], update));
  }

  update(update: Uint8Array): void {
    this.send(frameOf([messages.sync, 2], update));
  }

  awareness(...entries: AwarenessEntry[]): void {
    this.send(frameOf([messages.awareness], encodeAwareness(entries)));
  }

  /** Any bytes, or text. */
  send(frame: Uint8Array | string): void {
    if (this.isOpen) this.socket.send(frame);
  }

  heardOf(type: Heard['type']): Heard[] {
    return this.heard.filter((message) => message.type === type);
  }

  /** Whether an update with these bytes has come from the server. */
  hasHeard(update: Uint8Array): boolean {
    return this.heard.some(
      (message) => message.type !== 'denied' && Buffer.compare(message.bytes, update) === 0,
    );
  }

  stopReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  /** Leaves with a closing handshake. */
  close(): void {
    this.doc.off('update', this.#sendEdit);
    this.socket.close();
  }

  /** Gone without a word. */
  terminate(): void {
    this.doc.off('update', this.#sendEdit);
    this.socket.terminate();
  }

  #end(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.doc.off('update', this.#sendEdit);
  }

  #receive(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    while (decoding.hasContent(decoder)) {
      const message = readMessage(decoder);
      this.heard.push(message);
      this.#handle(message);
    }
  }

  #handle(message: Heard): void {
    const { answers = true, applies = true } = this.#options;
    switch (message.type) {
      case 'step1':
        if (answers) this.step2(Y.encodeStateAsUpdate(this.doc, message.bytes));
        break;
      case 'step2':
      case 'update':
        if (typeof applies === 'function') applies(message.bytes);
        else if (applies) Y.applyUpdate(this.doc, message.bytes, this);
        if (message.type === 'step2') this.isSynced = true;
        break;
      case 'awareness':
        this.#learn(decodeAwareness(message.bytes));
        break;
      case 'denied':
        break;
    }
  }

  /** As y-protocols does: a later clock wins, and at the same clock a removal. */
  #learn(entries: readonly AwarenessEntry[]): void {
    for (const { clientId, clock, state } of entries) {
      const known = this.#clocks.get(clientId) ?? -1;
      if (clock < known || (clock === known && state !== null)) continue;
      this.#clocks.set(clientId, clock);
      if (state === null) this.present.delete(clientId);
      else this.present.set(clientId, state);
    }
  }
}

function readMessage(decoder: decoding.Decoder): Heard {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case messages.sync: {
      const kind = decoding.readVarUint(decoder);
      const name = (['step1', 'step2', 'update'] as const)[kind];
      if (name === undefined) throw new Error(`the server sent sync message ${kind}`);
      return { type: name, bytes: decoding.readVarUint8Array(decoder).slice() };
    }
    case messages.awareness:
      return { type: 'awareness', bytes: decoding.readVarUint8Array(decoder).slice() };
    case messages.denied:
      decoding.readVarUint(decoder);
      return { type: 'denied', text: decoding.readVarString(decoder) };
    default:
      throw new Error(`the server sent message type ${type}`);
  }
}

/** One payload behind its type bytes. */
export function frameOf(types: readonly number[], payload: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const type of types) encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, payload);
  return encoding.toUint8Array(encoder);
}

export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, typeof state === 'string' ? state : JSON.stringify(state));
  }
  return encoding.toUint8Array(encoder);
}

export function decodeAwareness(bytes: Uint8Array): AwarenessEntry[] {
  const decoder = decoding.createDecoder(bytes);
  return Array.from({ length: decoding.readVarUint(decoder) }, () => ({
    clientId: decoding.readVarUint(decoder),
    clock: decoding.readVarUint(decoder),
    state: JSON.parse(decoding.readVarString(decoder)) as unknown,
  }));
}

/** Waits until the condition holds; throws, naming what was waited for, when that takes too long. */
export async function until(condition: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
