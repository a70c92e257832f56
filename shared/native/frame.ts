// Frames of the native protocol: any number of messages, one behind the other.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../errors.js';
import { FrameReader } from '../frame-reader.js';
import { firstVersion, type Field } from './fields.js';
import {
  clientMessages,
  firstSkippable,
  serverMessages,
  type MessageTable,
  type NativeClientMessage,
  type NativeServerMessage,
  type UnknownMessage,
} from './messages.js';

/** A layout as it is used, by number and by name. */
interface Layout {
  readonly type: string;
  readonly number: number;
  readonly fields: readonly (readonly [name: string, field: Field<unknown>])[];
}

interface Layouts {
  readonly byType: ReadonlyMap<string, Layout>;
  readonly byNumber: readonly (Layout | undefined)[];
}

interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

const fromClient = layoutsOf(clientMessages);
const fromServer = layoutsOf(serverMessages);

/** One frame of these messages, a copy. */
export function encodeClientFrame(...messages: readonly NativeClientMessage[]): Uint8Array {
  return encode(fromClient, messages);
}

/** One frame of these messages, a copy. */
export function encodeServerFrame(...messages: readonly NativeServerMessage[]): Uint8Array {
  return encode(fromServer, messages);
}

/**
 * Reads the messages of a client's frame, views into it. Throws SyncError FRAME_MALFORMED, MESSAGE_UNKNOWN or
 * VERSION_UNSUPPORTED as it reads. `isInflated`: it is what a `deflated` held, in which no other may be.
 */
export function readClientFrame(
  frame: Uint8Array,
  isInflated = false,
): FrameReader<NativeClientMessage | UnknownMessage> {
  return reader(fromClient, frame, isInflated) as unknown as FrameReader<
    NativeClientMessage | UnknownMessage
  >;
}

/** All messages of a client's frame that are known here, views into it. Throws as `readClientFrame` does. */
export function decodeClientFrame(frame: Uint8Array): NativeClientMessage[] {
  return readClientFrame(frame).all().filter(isKnown);
}

/** A first frame above this is not looked at. */
const maxHelloBytes = 64 * 1024;

/**
 * Whether this first frame of a connection is the `hello` of Heddle's own client. The first frame of a stock client, a sync
 * request, begins with two zeros; a `hello` begins with a zero and the version, and names a device and an agent.
 */
export function isHello(frame: Uint8Array): boolean {
  if (frame[0] !== 0 || frame[1] === 0 || frame.length > maxHelloBytes || !hasHelloTexts(frame)) return false;
  try {
    return decodeClientFrame(frame)[0]?.type === 'hello';
  } catch (error) {
    return error instanceof SyncError && error.code === 'VERSION_UNSUPPORTED';
  }
}

/**
 * Whether the texts of a `hello` fit into the frame, by their lengths alone, and device and agent are not empty. Nothing is
 * decoded: the frames of stock clients that come this far fail here, and decoding them would make an error for each.
 */
function hasHelloTexts(frame: Uint8Array): boolean {
  let at = 1;
  const number = (): number => {
    let value = 0;
    let factor = 1;
    for (; (frame[at] ?? 0) >= 0x80; factor *= 0x80) value += ((frame[at++] ?? 0) & 0x7f) * factor;
    return value + (frame[at++] ?? 0) * factor;
  };
  const text = (): number => {
    const length = number();
    at += length;
    return length;
  };
  // The oldest version follows in all hellos but those of version 1.
  if (number() >= firstVersion) number();
  text();
  return text() > 0 && text() > 0 && at <= frame.length;
}

/**
 * All messages of a server's frame that are known here, views into it. Throws SyncError FRAME_MALFORMED or MESSAGE_UNKNOWN.
 * `isInflated`: it is what a `deflated` held, in which no other may be.
 */
export function decodeServerFrame(frame: Uint8Array, isInflated = false): NativeServerMessage[] {
  const messages = reader(fromServer, frame, isInflated).all() as unknown as (
    NativeServerMessage | UnknownMessage
  )[];
  return messages.filter(isKnown);
}

function isKnown<M extends { readonly type: string }>(message: M | UnknownMessage): message is M {
  return message.type !== 'unknown';
}

function layoutsOf(table: MessageTable): Layouts {
  const layouts = Object.entries(table).map(([type, [number, fields]]): Layout => ({
    type,
    number,
    fields: Object.entries(fields) as unknown as Layout['fields'],
  }));
  const byNumber: Layout[] = [];
  for (const layout of layouts) byNumber[layout.number] = layout;
  return { byType: new Map(layouts.map((layout) => [layout.type, layout])), byNumber };
}

function encode({ byType }: Layouts, messages: readonly { readonly type: string }[]): Uint8Array {
  const encoder = encoderFor(messages);
  for (const message of messages as readonly Message[]) {
    const layout = byType.get(message.type);
    if (layout === undefined) throw new TypeError(`no message ${message.type}`);
    encoding.writeVarUint(encoder, layout.number);
    for (const [name, field] of layout.fields) field.write(encoder, message[name]);
  }
  const { bufs, cbuf, cpos } = encoder;
  return bufs.length === 0 ? cbuf.subarray(0, cpos) : encoding.toUint8Array(encoder);
}

/** What the numbers of a usual frame take, bytes. */
const numberBytes = 48;

/**
 * An encoder with memory for all that the messages hold, so that the frame need not be copied once it is written. Where the
 * estimate is too low, the encoder takes more memory, and the frame is copied.
 */
function encoderFor(messages: readonly object[]): encoding.Encoder {
  let bytes = numberBytes;
  for (const message of messages)
    for (const value of Object.values(message) as readonly unknown[])
      if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
  return { cpos: 0, cbuf: new Uint8Array(bytes), bufs: [] };
}

function reader({ byNumber }: Layouts, frame: Uint8Array, isInflated: boolean): FrameReader<Message> {
  return new FrameReader(frame, (decoder) => readMessage(decoder, byNumber, isInflated));
}

function readMessage(decoder: decoding.Decoder, byNumber: Layouts['byNumber'], isInflated: boolean): Message {
  const number = decoding.readVarUint(decoder);
  const layout = byNumber[number];
  if (layout === undefined && number >= firstSkippable) {
    decoding.readVarUint8Array(decoder);
    return { type: 'unknown', number };
  }
  if (layout === undefined || (isInflated && layout.type === 'deflated'))
    throw new SyncError('MESSAGE_UNKNOWN', `message type ${number}`);
  const message: Record<string, unknown> & { type: string } = { type: layout.type };
  for (const [name, field] of layout.fields) {
    const value = field.read(decoder);
    if (value !== undefined) message[name] = value;
  }
  return message;
}
