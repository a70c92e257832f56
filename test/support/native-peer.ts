// A client of the native protocol over the transport in memory: says what the test says, in a Y.Doc per document if it
// likes, and keeps what it hears. No timers, no reconnects; a new one on the same Y.Doc comes back.

import * as Y from 'yjs';
import type { Known } from '../../shared/native/fields.js';
import { decodeServerFrame, encodeClientFrame } from '../../shared/native/frame.js';
import {
  nativeVersion,
  oldestNativeVersion,
  type NativeClientMessage,
  type NativeServerMessage,
} from '../../shared/native/messages.js';
import { hello } from './hello.js';
import type { ConnectOptions, MemoryClient, MemoryTransport } from './memory-transport.js';
import { inflatedAtOnce } from './prompt-deflation.js';
import type { SessionServer } from './session-server.js';

type Of<T extends NativeServerMessage['type']> = Extract<NativeServerMessage, { type: T }>;

export interface NativePeerOptions extends ConnectOptions {
  readonly token?: string;
  readonly version?: number;
  /** The oldest version that it speaks. */
  readonly oldest?: number;
  /** Of the running client. */
  readonly session?: string;
  /** The secret of its device. */
  readonly device?: string;
  /** Takes deflated messages. Default false. */
  readonly inflates?: boolean;
  /** Says hello as soon as it is open. Default true. */
  readonly greets?: boolean;
}

/** One document, as far as a client must know it. */
export class PeerDocument {
  readonly doc: Y.Doc;
  readonly name: string;
  readonly ref: number;
  /** Set by `opened`. */
  number = 0;
  writer = 0;
  epoch = '';
  cursor = 0;
  acked = 0;
  seq = 0;
  isSynced = false;

  constructor(doc: Y.Doc, name: string, ref: number) {
    this.doc = doc;
    this.name = name;
    this.ref = ref;
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }
}

export class NativePeer {
  readonly end: MemoryClient;
  readonly heard: NativeServerMessage[] = [];
  /** Bytes that came, all frames together. */
  heardBytes = 0;
  /** Deflated messages that came. */
  heardDeflated = 0;
  readonly documents: PeerDocument[] = [];
  #ref = 0;

  constructor(transport: MemoryTransport, options: NativePeerOptions = {}) {
    const { token = 'write', version = nativeVersion, device = 'device', greets = true } = options;
    const { oldest = oldestNativeVersion, session = '', inflates = false } = options;
    this.end = transport.connect('/', options);
    this.end.onMessage = (frame) => this.#receive(frame);
    if (greets) this.say(hello({ version, oldest, token, device, extensions: { session, inflates } }));
  }

  get closed(): MemoryClient['closed'] {
    return this.end.closed;
  }

  heardOf<T extends NativeServerMessage['type']>(type: T): Of<T>[] {
    return this.heard.filter((message): message is Of<T> => message.type === type);
  }

  say(...messages: NativeClientMessage[]): void {
    if (this.end.state === 'open' || this.end.state === 'connecting')
      this.end.send(encodeClientFrame(...messages));
  }

  open(name: string, doc = new Y.Doc(), known: Known = { kind: 'nothing' }): PeerDocument {
    const document = new PeerDocument(doc, name, ++this.#ref);
    this.documents.push(document);
    this.say({ type: 'open', ref: document.ref, name, known });
    return document;
  }

  /** An edit of the end of the text, sent as it is made. */
  insert(document: PeerDocument, text: string): Uint8Array {
    const { doc } = document;
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(document.text.length, text);
    const update = Y.encodeStateAsUpdate(doc, before);
    this.update(document, update);
    return update;
  }

  update(document: PeerDocument, update: Uint8Array, type: 'update' | 'offer' = 'update'): void {
    this.say({ type, document: document.number, seq: ++document.seq, update });
  }

  terminate(): void {
    this.end.terminate();
  }

  #receive(frame: Uint8Array): void {
    this.heardBytes += frame.length;
    for (const message of decodeServerFrame(frame)) {
      if (message.type === 'deflated') {
        this.heardDeflated++;
        this.#hear(decodeServerFrame(inflatedAtOnce(message.body, message.size), true));
      } else this.#hear([message]);
    }
  }

  #hear(messages: readonly NativeServerMessage[]): void {
    for (const message of messages) {
      this.heard.push(message);
      this.#handle(message);
    }
  }

  #handle(message: NativeServerMessage): void {
    if (message.type === 'opened') {
      const opened = this.documents.find(({ ref }) => ref === message.ref)!;
      [opened.number, opened.writer, opened.epoch] = [message.document, message.writer, message.epoch];
      return;
    }
    if (!('document' in message)) return;
    // The last that was opened: what is told of one that was closed, and opened again, is about that one.
    const document = this.documents.filter(({ number }) => number === message.document).at(-1);
    if (document === undefined) throw new Error(`heard of document ${message.document}, which is not open`);
    if ('cursor' in message) {
      const isBack = message.cursor !== 0 && message.cursor < document.cursor;
      if (isBack) throw new Error(`the cursor went back from ${document.cursor} to ${message.cursor}`);
      document.cursor = Math.max(document.cursor, message.cursor);
    }
    if (message.type === 'update') {
      Y.applyUpdate(document.doc, message.update, this);
      for (const { writer, seq } of message.acks) if (writer === document.writer) document.acked = seq;
    }
    if (message.type === 'ack') document.acked = message.seq;
    if (message.type === 'synced') document.isSynced = true;
  }
}

/** A client of a server in memory, after the time it takes to be welcomed. */
export async function nativePeer(server: SessionServer, options?: NativePeerOptions): Promise<NativePeer> {
  const peer = new NativePeer(server.transport, options);
  await server.run(20);
  return peer;
}

/** A document of it, after the time it takes to be in sync. */
export async function openedBy(
  server: SessionServer,
  peer: NativePeer,
  name: string,
  doc?: Y.Doc,
): Promise<PeerDocument> {
  const document = peer.open(name, doc);
  await server.run(50);
  return document;
}
