// The protocol of Heddle's own client, as it speaks it: hello, then documents that are opened by name and told apart by the
// server's numbers; updates have numbers, and are acknowledged by them once they are durable.

import { encodeClientFrame, decodeServerFrame } from '../../shared/native/frame.js';
import type { Ack, Known as KnownOnWire } from '../../shared/native/fields.js';
import {
  nativeVersion,
  oldestNativeVersion,
  type NativeServerMessage,
} from '../../shared/native/messages.js';
import type { Position } from '../../shared/native/position.js';
import { DeliveryError } from '../measurement.js';
import type { Consequence, Conversation, Known, Protocol, ServerMessage } from './protocol.js';
import { startOf } from './reading.js';

const device = 'bench';
const agent = 'heddle-bench';
const hello = {
  type: 'hello',
  version: nativeVersion,
  oldest: oldestNativeVersion,
  device,
  agent,
  extensions: { comments: true },
} as const;

class NativeConversation implements Conversation {
  readonly address: number;
  isResumed = false;
  readonly #name: string;
  readonly #ref: number;
  /** What it asked for, in case the server cannot resume there. */
  #known: Known | undefined;
  /** While the document is open. */
  #opened: { readonly document: number; readonly writer: number; readonly epoch: string } | undefined;
  #offset = 0;
  #lastSeq = 0;

  constructor(name: string, ref: number) {
    this.#name = name;
    this.#ref = ref;
    this.address = addressOfRef(ref);
  }

  get position(): Position | undefined {
    if (this.#opened === undefined || this.#offset === 0) return undefined;
    return { epoch: this.#opened.epoch, offset: this.#offset };
  }

  greeting(): readonly Uint8Array[] {
    return [];
  }

  /** The first one opens the document. */
  syncRequest(known: Known): Uint8Array {
    if (this.#opened !== undefined) return this.#request(known);
    this.#known = known;
    return encodeClientFrame({ type: 'open', ref: this.#ref, name: this.#name, known: onWire(known) });
  }

  syncReply(update: Uint8Array): Uint8Array {
    return encodeClientFrame({ type: 'offer', document: this.#document, seq: ++this.#lastSeq, update });
  }

  update(update: Uint8Array): Uint8Array {
    return encodeClientFrame({ type: 'update', document: this.#document, seq: ++this.#lastSeq, update });
  }

  awareness(update: Uint8Array): Uint8Array {
    return encodeClientFrame({ type: 'awareness', document: this.#document, update });
  }

  hear(message: ServerMessage): Consequence | undefined {
    switch (message.kind) {
      case 'opened':
        return this.#begin(message);
      case 'update':
        this.#move(message.cursor ?? 0);
        return this.#durable(message.acks?.get(this.#opened?.writer ?? 0));
      case 'durable':
        this.#move(message.cursor);
        return this.#durable(message.seq);
      case 'synced':
        this.#move(message.cursor);
        return undefined;
      case 'sync-request':
        // It sends in order, and nothing that depends on what it was not sent itself.
        return { fault: 'the server lacks what an update depends on' };
      default:
        return undefined;
    }
  }

  get #document(): number {
    if (this.#opened === undefined) throw new Error(`${this.#name} is not open yet: nothing can be sent`);
    return this.#opened.document;
  }

  #begin(message: ServerMessage & { kind: 'opened' }): Consequence | undefined {
    const { document, writer, epoch, isContentNext } = message;
    const known = this.#known;
    if (this.#opened !== undefined || known === undefined) return { fault: 'it was opened unasked' };
    this.#opened = { document, writer, epoch };
    this.isResumed = isContentNext && known.position !== undefined;
    return isContentNext ? undefined : { reply: this.#request(known) };
  }

  #durable(seq: number | undefined): Consequence | undefined {
    if (seq === undefined) return undefined;
    return seq > this.#lastSeq
      ? { fault: `update ${seq} was acknowledged and never sent` }
      : { durable: seq };
  }

  #move(cursor: number): void {
    this.#offset = Math.max(this.#offset, cursor);
  }

  #request({ stateVector }: Known): Uint8Array {
    return encodeClientFrame({ type: 'request', document: this.#document, stateVector });
  }
}

function onWire({ stateVector, position }: Known): KnownOnWire {
  if (position !== undefined) return { kind: 'offset', ...position };
  // An empty state vector is a single 0.
  return stateVector.length <= 1 ? { kind: 'nothing' } : { kind: 'state-vector', stateVector };
}

/** Numbers of documents begin with 1: what is said before the server has given one is told apart by the sign. */
function addressOfRef(ref: number): number {
  return -ref;
}

function toServerMessage(message: NativeServerMessage): ServerMessage {
  switch (message.type) {
    case 'opened': {
      const { document, writer, epoch, isContentNext } = message;
      return { kind: 'opened', about: addressOfRef(message.ref), document, writer, epoch, isContentNext };
    }
    case 'not-opened':
      return { kind: 'refused', about: addressOfRef(message.ref), reason: message.reason };
    case 'update': {
      const { document: about, cursor, update } = message;
      const acks = message.acks.length === 0 ? {} : { acks: new Map(message.acks.map(pair)) };
      return { kind: 'update', about, update, cursor, ...acks };
    }
    case 'ack':
      return { kind: 'durable', about: message.document, seq: message.seq, cursor: message.cursor };
    case 'awareness':
      return { kind: 'awareness', about: message.document, update: message.update };
    case 'synced':
      return { kind: 'synced', about: message.document, cursor: message.cursor };
    case 'wanted':
      return { kind: 'sync-request', about: message.document, stateVector: message.stateVector };
    case 'closed':
    case 'refused':
      return { kind: 'refused', about: message.document, reason: message.reason };
    case 'goodbye':
      return { kind: 'refused', reason: message.reason };
    default:
      return { kind: 'other' };
  }
}

function pair({ writer, seq }: Ack): [number, number] {
  return [writer, seq];
}

function read(payload: Uint8Array): ServerMessage[] {
  try {
    return decodeServerFrame(payload).map(toServerMessage);
  } catch (cause) {
    throw new DeliveryError(startOf('native', payload, cause), { cause });
  }
}

export const native: Protocol = {
  name: 'native',
  acknowledgedBy: 'number',
  documentsPerSocket: 'many',
  path: () => '/',
  hello: (token = '') => [encodeClientFrame({ ...hello, token })],
  converse: (document, ref) => new NativeConversation(document, ref),
  read,
};
