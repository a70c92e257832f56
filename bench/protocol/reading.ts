// Reads messages without trusting lengths: lib0 hands out views past the end of a message when one is cut off.

import * as decoding from 'lib0/decoding';
import { DeliveryError } from '../measurement.js';
import type { ProtocolName, ServerMessage } from './protocol.js';

/** Runs a reader over a payload. Throws DeliveryError, with the first bytes, when the payload is not of the protocol. */
export function reading<T>(
  protocol: ProtocolName,
  payload: Uint8Array,
  read: (decoder: decoding.Decoder) => T,
): T {
  try {
    return read(decoding.createDecoder(payload));
  } catch (cause) {
    throw new DeliveryError(startOf(protocol, payload, cause), { cause });
  }
}

/** What is wrong with a payload, and how it starts. */
export function startOf(protocol: ProtocolName, payload: Uint8Array, cause: unknown): string {
  const start = Buffer.from(payload.subarray(0, 16)).toString('hex');
  const problem = cause instanceof Error ? cause.message : String(cause);
  return `a message of ${payload.length} bytes is not ${protocol}: ${problem} (it starts with ${start})`;
}

/** A view of bytes behind their length. */
export function readBytes(decoder: decoding.Decoder): Uint8Array {
  const bytes = decoding.readVarUint8Array(decoder);
  checkEnd(decoder);
  return bytes;
}

export function readText(decoder: decoding.Decoder): string {
  const text = decoding.readVarString(decoder);
  checkEnd(decoder);
  return text;
}

/** What follows the message type `sync`, the same in both protocols. */
export function readSync(decoder: decoding.Decoder): ServerMessage {
  const type = decoding.readVarUint(decoder);
  if (type === 0) return { kind: 'sync-request', stateVector: readBytes(decoder) };
  if (type === 1) return { kind: 'sync-reply', update: readBytes(decoder) };
  if (type === 2) return { kind: 'update', update: readBytes(decoder) };
  throw new Error(`sync message type ${type}`);
}

function checkEnd(decoder: decoding.Decoder): void {
  if (decoder.pos > decoder.arr.length) throw new Error('it ends too early');
}
