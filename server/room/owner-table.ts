// The bytes in which a room's claims on client ids are kept (C6): who the owners are, and which id belongs to which of them.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** Who a claim belongs to. */
export interface Owner {
  /** Undefined where nobody is known: then the claim ends with its connection. */
  readonly sub: string | undefined;
  /** What the device has proved itself by; undefined where it has not. */
  readonly device: string | undefined;
}

/** A claim as it is kept. */
export interface OwnedId {
  readonly clientId: number;
  readonly owner: Owner;
  /** Others may bring what its owner may have lost with the server. */
  readonly isLenient: boolean;
}

export interface OwnerTable {
  /** Of the document: a document that was made anew has other owners. */
  readonly epoch: string;
  /** How many runs of the server had been killed when it was written. */
  readonly kills: number;
  /** Nobody can have heard of the document what the server has lost or never had: see ClientIdOwners. */
  readonly isWhole: boolean;
  readonly ids: readonly OwnedId[];
}

const version = 3;

export function encodeOwnerTable({ epoch, kills, isWhole, ids }: OwnerTable): Uint8Array {
  const numbers = new Map<string, number>();
  const owners: Owner[] = [];
  const numberOf = (owner: Owner): number => {
    const key = JSON.stringify([owner.sub, owner.device]);
    let number = numbers.get(key);
    if (number === undefined) {
      number = owners.push(owner) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  const body = encoding.createEncoder();
  for (const { clientId, owner, isLenient } of ids) {
    encoding.writeVarUint(body, clientId);
    encoding.writeVarUint(body, numberOf(owner) * 2 + (isLenient ? 1 : 0));
  }
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, version);
  encoding.writeVarString(encoder, epoch);
  encoding.writeVarUint(encoder, kills);
  encoding.writeVarUint(encoder, isWhole ? 1 : 0);
  encoding.writeVarUint(encoder, owners.length);
  for (const { sub, device } of owners) {
    encoding.writeVarString(encoder, sub ?? '');
    encoding.writeVarString(encoder, device ?? '');
  }
  encoding.writeVarUint(encoder, ids.length);
  encoding.writeUint8Array(encoder, encoding.toUint8Array(body));
  return encoding.toUint8Array(encoder);
}

/** Undefined for bytes of another version. Throws for bytes that are no table. */
export function decodeOwnerTable(bytes: Uint8Array): OwnerTable | undefined {
  const decoder = decoding.createDecoder(bytes);
  if (decoding.readVarUint(decoder) !== version) return undefined;
  const epoch = decoding.readVarString(decoder);
  const kills = decoding.readVarUint(decoder);
  const isWhole = decoding.readVarUint(decoder) === 1;
  const owners: Owner[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const sub = decoding.readVarString(decoder);
    const device = decoding.readVarString(decoder);
    owners.push({ sub: sub === '' ? undefined : sub, device: device === '' ? undefined : device });
  }
  const ids: OwnedId[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const clientId = decoding.readVarUint(decoder);
    const bits = decoding.readVarUint(decoder);
    const owner = owners[Math.floor(bits / 2)];
    if (owner === undefined) throw new RangeError('an owner that the table does not name');
    ids.push({ clientId, owner, isLenient: bits % 2 === 1 });
  }
  return { epoch, kills, isWhole, ids };
}
