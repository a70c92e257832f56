// What the stock y-websocket 3 provider does with a connection, over the transport in memory, without timers and
// reconnects: the real y-protocols on a Y.Doc and an Awareness, which repeats whatever it hears of others.

import * as decoding from 'lib0/decoding';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { ConnectOptions, MemoryClient, MemoryTransport } from './memory-transport.js';
import { frameOf } from './peer.js';

export interface Message {
  readonly type: 'step1' | 'step2' | 'update' | 'awareness' | 'denied';
  readonly bytes: Uint8Array;
}

export interface MemoryPeerOptions extends ConnectOptions {
  readonly doc?: Y.Doc;
  readonly token?: string;
  readonly path?: string;
  /** Whether it has an awareness state. Default true. */
  readonly isPresent?: boolean;
  /** Whether it speaks as soon as it is open, as the provider does. Default true. */
  readonly greets?: boolean;
}

export class MemoryPeer {
  readonly doc: Y.Doc;
  readonly awareness: awarenessProtocol.Awareness;
  readonly end: MemoryClient;
  /** Everything heard, in order. */
  readonly heard: Message[] = [];
  isSynced = false;
  readonly #speak: (update: Uint8Array, origin: unknown) => void;

  constructor(transport: MemoryTransport, options: MemoryPeerOptions = {}) {
    const { doc = new Y.Doc(), token = 'write', path = '/doc', isPresent = true, greets = true } = options;
    this.doc = doc;
    this.awareness = new awarenessProtocol.Awareness(doc);
    if (!isPresent) this.awareness.setLocalState(null);
    this.end = transport.connect(path, { query: `token=${token}`, ...options });
    this.end.onMessage = (frame) => this.#receive(frame);
    this.#speak = (update, origin) => {
      if (origin !== this) this.update(update);
    };
    doc.on('update', this.#speak);
    this.awareness.on('update', ({ added, updated, removed }: Record<string, number[]>) => {
      this.announce([...added!, ...updated!, ...removed!]);
    });
    if (greets) {
      this.step1();
      if (isPresent) this.announce([doc.clientID]);
    }
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }

  get closed(): MemoryClient['closed'] {
    return this.end.closed;
  }

  heardOf(type: Message['type']): Uint8Array[] {
    return this.heard.filter((message) => message.type === type).map(({ bytes }) => bytes);
  }

  /** States of others. */
  get others(): Map<number, unknown> {
    const states = new Map<number, unknown>(this.awareness.getStates());
    states.delete(this.doc.clientID);
    return states;
  }

  insert(text: string): void {
    this.doc.getText('text').insert(this.text.length, text);
  }

  step1(stateVector: Uint8Array = Y.encodeStateVector(this.doc)): void {
    this.send(frameOf([0, 0], stateVector));
  }

  step2(update: Uint8Array): void {
    this.send(frameOf([0, 1], update));
  }

  update(update: Uint8Array): void {
    this.send(frameOf([0, 2], update));
  }

  announce(clientIds: number[]): void {
    this.send(frameOf([1], awarenessProtocol.encodeAwarenessUpdate(this.awareness, clientIds)));
  }

  send(frame: Uint8Array): void {
    if (this.end.state === 'open' || this.end.state === 'connecting') this.end.send(frame);
  }

  /** Gone without a word; the Y.Doc goes on. */
  terminate(): void {
    this.#stop();
    this.end.terminate();
  }

  /** Says goodbye like the provider, then closes. */
  close(): void {
    awarenessProtocol.removeAwarenessStates(this.awareness, [this.doc.clientID], 'app closed');
    this.#stop();
    this.end.close(1000);
  }

  /** Timers of the Awareness are real ones. */
  destroy(): void {
    this.#stop();
    this.awareness.destroy();
  }

  #stop(): void {
    this.doc.off('update', this.#speak);
    this.awareness._observers.clear();
    clearInterval(this.awareness._checkInterval);
  }

  #receive(frame: Uint8Array): void {
    const message = readMessage(frame);
    this.heard.push(message);
    switch (message.type) {
      case 'step1':
        this.step2(Y.encodeStateAsUpdate(this.doc, message.bytes));
        break;
      case 'step2':
      case 'update':
        // Not through y-protocols' own reader, which would keep a failure to itself.
        Y.applyUpdate(this.doc, message.bytes, this);
        if (message.type === 'step2') this.isSynced = true;
        break;
      case 'awareness':
        awarenessProtocol.applyAwarenessUpdate(this.awareness, message.bytes, this);
        break;
      case 'denied':
        break;
    }
  }
}

/** A message from the server; one in a frame, as clients up to 3.x expect. */
export function readMessage(frame: Uint8Array): Message {
  const decoder = decoding.createDecoder(frame);
  const type = decoding.readVarUint(decoder);
  let message: Message;
  if (type === 0) {
    const kind = (['step1', 'step2', 'update'] as const)[decoding.readVarUint(decoder)];
    if (kind === undefined) throw new Error('no such sync message');
    message = { type: kind, bytes: decoding.readVarUint8Array(decoder) };
  } else if (type === 1) {
    message = { type: 'awareness', bytes: decoding.readVarUint8Array(decoder) };
  } else if (type === 2) {
    decoding.readVarUint(decoder);
    message = { type: 'denied', bytes: decoding.readVarUint8Array(decoder) };
  } else throw new Error(`the server sent message type ${type}`);
  if (decoding.hasContent(decoder)) throw new Error('more than one message in a frame');
  return message;
}
