// The bytes of stored values. Pure. Every value begins with a format version and ends in a CRC32 over its key and its
// content, so that a flipped bit and a value that turns up under another key are both noticed (D4).

import { crc32 } from 'node:zlib';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { Checkpoint, LogRecord } from './store.js';

const formatVersion = 1;
const crcBytes = 4;

/** What the store keeps of a document beside its data; it is how a lost record is noticed. */
export interface DocumentMeta {
  /** Random, made with the document. The epoch of the store is added to it where epochs are handed out. */
  readonly epoch: string;
  readonly lastOffset: number;
  /** Offset of the checkpoint; undefined without one. */
  readonly checkpointOffset: number | undefined;
  /** Bytes of the updates of the checkpoint and the records. */
  readonly bytes: number;
  /** Records after the checkpoint. */
  readonly records: number;
  readonly changedAt: number;
}

/** A stored value that is not what was written. The message says what is wrong with it. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError';
}

/** Packs consecutive records into one value. Only the first offset is kept: in the key, and so in the checksum. */
export function encodeRecords(key: Uint8Array, records: readonly LogRecord[]): Uint8Array {
  const encoder = begin();
  encoding.writeVarUint(encoder, records.length);
  for (const record of records) {
    encoding.writeVarUint(encoder, record.time);
    encoding.writeVarString(encoder, record.author);
    encoding.writeVarUint8Array(encoder, record.update);
  }
  return seal(key, encoder, empty);
}

/** Throws DamagedValueError. The updates are views on `value`. */
export function decodeRecords(key: Uint8Array, value: Uint8Array, firstOffset: number): LogRecord[] {
  return parse(key, value, (decoder) => {
    const records: LogRecord[] = [];
    const count = decoding.readVarUint(decoder);
    for (let index = 0; index < count; index += 1) {
      const time = decoding.readVarUint(decoder);
      const author = decoding.readVarString(decoder);
      records.push({
        offset: firstOffset + index,
        time,
        author,
        update: decoding.readVarUint8Array(decoder),
      });
    }
    return records;
  });
}

/** The value of a checkpoint. */
export function encodeCheckpoint(key: Uint8Array, checkpoint: Checkpoint): Uint8Array {
  const encoder = begin();
  encoding.writeVarUint(encoder, checkpoint.offset);
  encoding.writeVarUint(encoder, checkpoint.time);
  encoding.writeVarUint(encoder, checkpoint.update.byteLength);
  return seal(key, encoder, checkpoint.update);
}

/** Throws DamagedValueError. The update is a view on `value`. */
export function decodeCheckpoint(key: Uint8Array, value: Uint8Array): Checkpoint {
  return parse(key, value, (decoder) => ({
    offset: decoding.readVarUint(decoder),
    time: decoding.readVarUint(decoder),
    update: decoding.readVarUint8Array(decoder),
  }));
}

/** The value of a document’s meta. */
export function encodeMeta(key: Uint8Array, meta: DocumentMeta): Uint8Array {
  const encoder = begin();
  encoding.writeVarString(encoder, meta.epoch);
  encoding.writeVarUint(encoder, meta.lastOffset);
  // 0 is "none": a checkpoint at offset 0 is possible (a document that began as an import).
  encoding.writeVarUint(encoder, meta.checkpointOffset === undefined ? 0 : meta.checkpointOffset + 1);
  encoding.writeVarUint(encoder, meta.bytes);
  encoding.writeVarUint(encoder, meta.records);
  encoding.writeVarUint(encoder, meta.changedAt);
  return seal(key, encoder, empty);
}

/** Throws DamagedValueError. */
export function decodeMeta(key: Uint8Array, value: Uint8Array): DocumentMeta {
  return parse(key, value, (decoder) => {
    const epoch = decoding.readVarString(decoder);
    const lastOffset = decoding.readVarUint(decoder);
    const checkpoint = decoding.readVarUint(decoder);
    return {
      epoch,
      lastOffset,
      checkpointOffset: checkpoint === 0 ? undefined : checkpoint - 1,
      bytes: decoding.readVarUint(decoder),
      records: decoding.readVarUint(decoder),
      changedAt: decoding.readVarUint(decoder),
    };
  });
}

/** A value that is just bytes: server state, ledger, identity. */
export function encodeBytes(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return seal(key, begin(), bytes);
}

/** Throws DamagedValueError. The result is a copy. */
export function decodeBytes(key: Uint8Array, value: Uint8Array): Uint8Array {
  return parse(key, value, (decoder) => decoding.readTailAsUint8Array(decoder).slice());
}

const empty = new Uint8Array(0);

/**
 * One encoder for all values, begun anew for each: fresh ones cost more than all else on the hot path. Never in use across
 * calls.
 */
const scratch = encoding.createEncoder();
const scratchBytes = 64 * 1024;
scratch.cbuf = new Uint8Array(scratchBytes);

function begin(): encoding.Encoder {
  if (scratch.cbuf.byteLength > 16 * scratchBytes) scratch.cbuf = new Uint8Array(scratchBytes);
  scratch.cpos = 0;
  scratch.bufs = [];
  encoding.writeUint8(scratch, formatVersion);
  return scratch;
}

/** Head, then a large part that is copied once only, then the checksum. */
function seal(key: Uint8Array, head: encoding.Encoder, tail: Uint8Array): Uint8Array {
  const headBytes = encoding.length(head);
  const body = headBytes + tail.byteLength;
  // From Node's pool where small: such a value goes to LevelDB, which copies it, and nowhere else.
  const value = Buffer.allocUnsafe(body + crcBytes);
  value.set(head.bufs.length === 0 ? head.cbuf.subarray(0, headBytes) : encoding.toUint8Array(head), 0);
  value.set(tail, headBytes);
  value.writeUInt32BE(checksum(key, value.subarray(0, body)), body);
  return value;
}

function checksum(key: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(key));
}

function parse<T>(key: Uint8Array, value: Uint8Array, read: (decoder: decoding.Decoder) => T): T {
  const length = value.byteLength - crcBytes;
  if (length < 1) throw new DamagedValueError(`only ${value.byteLength} bytes long`);
  const body = value.subarray(0, length);
  const stored = new DataView(value.buffer, value.byteOffset + length, crcBytes).getUint32(0);
  if (stored !== checksum(key, body)) throw new DamagedValueError('its checksum does not match');
  if (body[0] !== formatVersion)
    throw new DamagedValueError(`written in format ${body[0]}, which this version does not read`);
  try {
    const decoder = decoding.createDecoder(body);
    decoder.pos = 1;
    const result = read(decoder);
    if (decoding.hasContent(decoder)) throw new Error('bytes left over');
    return result;
  } catch (cause) {
    throw new DamagedValueError('its content does not parse', { cause });
  }
}
