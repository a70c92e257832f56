// How single values are written: lib0's variable length numbers, and strings and bytes behind their length.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../errors.js';
import type { Access } from '../permission.js';
import type { Person } from '../person.js';

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

/** `comment` came last, and is said only to clients that have said that they know it. */
export const access: Field<Access> = oneOf<Access>(['none', 'read', 'write', 'comment']);

export const texts: Field<readonly string[]> = {
  write(encoder, value) {
    uint.write(encoder, value.length);
    for (const one of value) text.write(encoder, one);
  },
  read(decoder) {
    const found: string[] = [];
    for (let left = uint.read(decoder); left > 0; left--) found.push(text.read(decoder));
    return found;
  },
};

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

/** denied: this client may not see who is here. whole: everybody there is to know of. change: those who have changed. */
export type RosterKind = 'denied' | 'whole' | 'change';

export const rosterKind: Field<RosterKind> = oneOf<RosterKind>(['denied', 'whole', 'change']);

export const people: Field<readonly Person[]> = {
  write(encoder, value) {
    uint.write(encoder, value.length);
    for (const { user, claims, devices, since, lastActive, lastSeen } of value) {
      text.write(encoder, user);
      text.write(encoder, claims);
      for (const number of [devices, since, lastActive, lastSeen]) uint.write(encoder, number);
    }
  },
  read(decoder) {
    const found: Person[] = [];
    for (let left = uint.read(decoder); left > 0; left--)
      found.push({
        user: text.read(decoder),
        claims: text.read(decoder),
        devices: uint.read(decoder),
        since: uint.read(decoder),
        lastActive: uint.read(decoder),
        lastSeen: uint.read(decoder),
      });
    return found;
  },
};

/** The first version whose `hello` has the layout that all later versions keep. */
export const firstVersion = 2;

/** The newest version that a client speaks. The fields behind it are those of another layout where it is lower than 2. */
export const spokenVersion: Field<number> = {
  write: uint.write,
  read(decoder) {
    const version = uint.read(decoder);
    // A stock client's first message begins alike, with a 0.
    if (version === 0) throw new RangeError('no version');
    if (version < firstVersion) throw new SyncError('VERSION_UNSUPPORTED', `version ${version} is too old`);
    return version;
  },
};

/** Numbers by name. A name that the reader does not know is read all the same, and does no harm. */
export const namedNumbers: Field<Readonly<Record<string, number>>> = {
  write(encoder, value) {
    const entries = Object.entries(value);
    uint.write(encoder, entries.length);
    for (const [name, number] of entries) {
      text.write(encoder, name);
      uint.write(encoder, number);
    }
  },
  read(decoder) {
    const found: [string, number][] = [];
    for (let left = uint.read(decoder); left > 0; left--)
      found.push([text.read(decoder), uint.read(decoder)]);
    return Object.fromEntries(found);
  },
};

/** Extensions of one message; more are an error. */
const maxExtensions = 64;

/** What a message says beside its fields: by name, the number on the wire and the kind of value. */
type ExtensionTable = Readonly<Record<string, readonly [number: number, field: object]>>;

/** The value of a kind of field. */
export type ValueOf<F> = F extends Field<infer T> ? T : never;

export type ExtensionsOf<T extends ExtensionTable> = {
  readonly [Name in keyof T]?: ValueOf<T[Name][1]>;
};

/**
 * The end of a message that is to grow: each value has a number and says its length, so that a reader passes over those
 * that it does not know. On the wire: a count, then that many times a number and a `buf` that holds the value. Undefined where
 * nothing is said that the reader knows.
 */
export function extensions<const T extends ExtensionTable>(table: T): Field<ExtensionsOf<T> | undefined> {
  const known = Object.entries(table) as unknown as (readonly [string, readonly [number, Field<unknown>]])[];
  const byNumber = new Map(known.map(([name, [number, field]]) => [number, { name, field }]));
  return {
    write(encoder, value) {
      const values: Readonly<Record<string, unknown>> = value ?? {};
      const said = known.filter(([name]) => values[name] !== undefined);
      uint.write(encoder, said.length);
      for (const [name, [number, field]] of said) {
        const inner = encoding.createEncoder();
        field.write(inner, values[name]);
        uint.write(encoder, number);
        bytes.write(encoder, encoding.toUint8Array(inner));
      }
    },
    read(decoder) {
      const found: Record<string, unknown> = {};
      let isEmpty = true;
      const count = uint.read(decoder);
      if (count > maxExtensions) throw new RangeError(`${count} extensions`);
      for (let left = count; left > 0; left--) {
        const extension = byNumber.get(uint.read(decoder));
        const value = bytes.read(decoder);
        if (extension === undefined) continue;
        found[extension.name] = extension.field.read(decoding.createDecoder(value));
        isEmpty = false;
      }
      return isEmpty ? undefined : (found as ExtensionsOf<T>);
    },
  };
}

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
