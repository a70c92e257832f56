// The key layout of the LevelDB store: ordered, big-endian, safe for any UTF-8 name. Pure; knows nothing of values.
//
//   m <name>                     what is known of a document (listing walks these, so they stand apart from the data)
//   d <name> ff c                its checkpoint
//   d <name> ff r <offset u64>   records, packed by commit, under the offset of the first
//   d <name> ff z <offset u64>   records that the checkpoint covers and that are kept: behind all that is loaded
//   s <key>                      server state
//   l <slot u16>                 commit ledger
//   i                            identity of the store

import type { DocumentName } from '../../shared/document-name.js';

const tag = { meta: 0x6d, data: 0x64, state: 0x73, ledger: 0x6c, identity: 0x69 } as const;
const part = { checkpoint: 0x63, records: 0x72, kept: 0x7a } as const;

/** Ends a name inside a key. UTF-8 never holds this byte, so no name is the beginning of another one's keys. */
const endOfName = 0xff;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Half-open range of keys. */
export interface KeyRange {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt: Uint8Array;
}

/** What a key is the key of. */
export type ParsedKey =
  | { readonly kind: 'meta' | 'checkpoint'; readonly document: DocumentName }
  | { readonly kind: 'records' | 'kept'; readonly document: DocumentName; readonly offset: number }
  | { readonly kind: 'state'; readonly key: string }
  | { readonly kind: 'ledger' | 'identity' | 'unknown' };

/** Key of the id of the store. */
export const identityKey: Uint8Array = Uint8Array.of(tag.identity);

/** Key of what is known of a document. */
export function metaKey(document: DocumentName): Uint8Array {
  return tagged(tag.meta, document, 0);
}

/** Key of a document’s checkpoint. */
export function checkpointKey(document: DocumentName): Uint8Array {
  const key = tagged(tag.data, document, 2);
  key[key.length - 2] = endOfName;
  key[key.length - 1] = part.checkpoint;
  return key;
}

/** Key of the records of one commit, by the offset of the first. */
export function recordsKey(document: DocumentName, offset: number): Uint8Array {
  return offsetKey(document, part.records, offset);
}

/** Key of some of the kept records, by the offset of the first. */
export function keptKey(document: DocumentName, offset: number): Uint8Array {
  return offsetKey(document, part.kept, offset);
}

/** Key of a piece of server state. */
export function stateKey(key: string): Uint8Array {
  return tagged(tag.state, key, 0);
}

/** Key of a slot of the commit ledger. */
export function ledgerKey(slot: number): Uint8Array {
  return Uint8Array.of(tag.ledger, slot >>> 8, slot & 0xff);
}

/** Every key of a document but its meta, known kinds or not. */
export function dataRange(document: DocumentName): KeyRange {
  const gte = tagged(tag.data, document, 1);
  gte[gte.length - 1] = endOfName;
  return { gte, lt: successor(gte) };
}

/** Of these, what is read when the document is loaded: all but the kept records. */
export function loadedRange(document: DocumentName): KeyRange {
  return { ...dataRange(document), lt: keptKey(document, 0).subarray(0, -8) };
}

/** The packed records of a document whose first offset is at least `from`. */
export function recordsRange(document: DocumentName, from: number): KeyRange {
  const end = recordsKey(document, 0).subarray(0, -8);
  return { gte: recordsKey(document, from), lt: successor(end) };
}

/** The kept records of a document whose first offset is at least `from`. */
export function keptRange(document: DocumentName, from: number): KeyRange {
  const end = keptKey(document, 0).subarray(0, -8);
  return { gte: keptKey(document, from), lt: successor(end) };
}

/** Metas of names with this prefix, after this name, in UTF-8 order. */
export function metaRange(prefix: string, after: string | undefined): KeyRange {
  const first = tagged(tag.meta, prefix, 0);
  const lt = successor(first);
  if (after === undefined) return { gte: first, lt };
  const gt = tagged(tag.meta, after, 0);
  return Buffer.compare(gt, first) < 0 ? { gte: first, lt } : { gt, lt };
}

/** States whose key has this prefix. */
export function stateRange(prefix: string): KeyRange {
  const gte = tagged(tag.state, prefix, 0);
  return { gte, lt: successor(gte) };
}

/** All slots of the commit ledger. */
export function ledgerRange(): KeyRange {
  return { gte: Uint8Array.of(tag.ledger), lt: Uint8Array.of(tag.ledger + 1) };
}

/** Reads a key back. A key nobody could have written is 'unknown', never an error. */
export function parseKey(key: Uint8Array): ParsedKey {
  try {
    return parseTagged(key);
  } catch {
    return { kind: 'unknown' }; // not UTF-8
  }
}

/** A key in words, for messages. */
export function describeKey(key: Uint8Array): string {
  const hex = Buffer.from(key).toString('hex');
  const parsed = parseKey(key);
  const words = 'offset' in parsed ? `${parsed.kind} from offset ${parsed.offset}` : parsed.kind;
  return `${words} (key ${hex.length > 160 ? `${hex.slice(0, 160)}…` : hex})`;
}

function parseTagged(key: Uint8Array): ParsedKey {
  switch (key[0]) {
    case tag.meta:
      return { kind: 'meta', document: decodeName(key.subarray(1)) };
    case tag.state:
      return { kind: 'state', key: decoder.decode(key.subarray(1)) };
    case tag.data:
      return parseData(key);
    case tag.ledger:
      return { kind: key.length === 3 ? 'ledger' : 'unknown' };
    case tag.identity:
      return { kind: key.length === 1 ? 'identity' : 'unknown' };
    default:
      return { kind: 'unknown' };
  }
}

function parseData(key: Uint8Array): ParsedKey {
  const end = key.indexOf(endOfName);
  if (end === -1) return { kind: 'unknown' };
  const document = decodeName(key.subarray(1, end));
  const rest = key.subarray(end + 1);
  if (rest.length === 1 && rest[0] === part.checkpoint) return { kind: 'checkpoint', document };
  if (rest.length !== 9) return { kind: 'unknown' };
  if (rest[0] === part.records) return { kind: 'records', document, offset: readOffset(rest, 1) };
  if (rest[0] === part.kept) return { kind: 'kept', document, offset: readOffset(rest, 1) };
  return { kind: 'unknown' };
}

function decodeName(bytes: Uint8Array): DocumentName {
  return decoder.decode(bytes) as DocumentName;
}

function offsetKey(document: DocumentName, kind: number, offset: number): Uint8Array {
  const key = tagged(tag.data, document, 10);
  key[key.length - 10] = endOfName;
  key[key.length - 9] = kind;
  writeOffset(key, key.length - 8, offset);
  return key;
}

function tagged(first: number, text: string, extra: number): Buffer {
  const bytes = Buffer.byteLength(text);
  const key = Buffer.allocUnsafe(1 + bytes + extra);
  key[0] = first;
  key.write(text, 1);
  return key;
}

function writeOffset(key: Buffer, at: number, offset: number): void {
  key.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), at);
  key.writeUInt32BE(offset % 0x1_0000_0000, at + 4);
}

function readOffset(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/** The least key after everything that begins with this one. */
function successor(key: Uint8Array): Uint8Array {
  const last = key.length - 1;
  // ff ends names and has nothing above it: the byte before it steps up instead (a tag or UTF-8, so never ff itself).
  if (key[last] === endOfName) return successor(key.subarray(0, last));
  const next = Uint8Array.from(key); // the slice of a Buffer would be no copy
  next[last] = (next[last] ?? 0) + 1;
  return next;
}
