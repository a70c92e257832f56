// How single values are written: lib0's variable length numbers, and strings and bytes behind their length.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { Access } from '../permission.js';

/** One kind of value on the wire. `read` throws when the bytes are not of that kind. */
export interface Field<T> {
  readonly write: (encoder: encoding.Encoder, value: T) => void;
  readonly read: (decoder: decoding.Decoder) => T;
}

/** Up to 2^53 - 1. */
export const uint: Field<number> = { write: encoding.writeVarUint, read: decoding.readVarUint };

export const text: Field<string> = { write: encoding.writeVarString, read: decoding.readVarString };

/** Read as a view into the frame. */
export const bytes: Field<Uint8Array> = {
  write: encoding.writeVarUint8Array,
  read: decoding.readVarUint8Array,
};

export const flag: Field<boolean> = oneOf([false, true]);

export const access: Field<Access> = oneOf<Access>(['none', 'read', 'write']);

/** How much of a document a client has. */
export type Known =
  | { readonly kind: 'nothing' }
  /** Everything up to this offset of this epoch, and perhaps more. */
  | { readonly kind: 'offset'; readonly epoch: string; readonly offset: number }
  | { readonly kind: 'state-vector'; readonly stateVector: Uint8Array };

const knownKind = oneOf<Known['kind']>(['nothing', 'offset', 'state-vector']);

export const known: Field<Known> = {
  write(encoder, value) {
    knownKind.write(encoder, value.kind);
    if (value.kind === 'offset') {
      text.write(encoder, value.epoch);
      uint.write(encoder, value.offset);
    } else if (value.kind === 'state-vector') bytes.write(encoder, value.stateVector);
  },
  read(decoder) {
    const kind = knownKind.read(decoder);
    if (kind === 'nothing') return { kind };
    if (kind === 'state-vector') return { kind, stateVector: bytes.read(decoder) };
    return { kind, epoch: text.read(decoder), offset: uint.read(decoder) };
  },
};

/** The last update of one writer that is durable. */
export interface Ack {
  readonly writer: number;
  readonly seq: number;
}

export const acks: Field<readonly Ack[]> = {
  write(encoder, value) {
    uint.write(encoder, value.length);
    for (const { writer, seq } of value) {
      uint.write(encoder, writer);
      uint.write(encoder, seq);
    }
  },
  read(decoder) {
    const found: Ack[] = [];
    // Each takes two bytes at least, so a length that lies ends at the end of the frame, not of the memory.
    for (let left = uint.read(decoder); left > 0; left--)
      found.push({ writer: uint.read(decoder), seq: uint.read(decoder) });
    return found;
  },
};

function oneOf<T>(values: readonly T[]): Field<T> {
  return {
    write: (encoder, value) => encoding.writeVarUint(encoder, values.indexOf(value)),
    read(decoder) {
      const index = decoding.readVarUint(decoder);
      if (index >= values.length) throw new RangeError(`no value ${index}`);
      return values[index] as T;
    },
  };
}
