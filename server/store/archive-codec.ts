// What is inside the frames of a backup file. Pure.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { DocumentName } from '../../shared/document-name.js';
import type { DocumentItem } from './level-reads.js';
import type { Checkpoint, LogRecord } from './store.js';

/** Kinds of frames, in the order they come: a document is its head, its checkpoint, its records and an end. */
export const frameKind = {
  header: 1,
  state: 2,
  document: 3,
  checkpoint: 4,
  records: 5,
  documentEnd: 6,
  end: 7,
} as const;

/** What a backup holds. */
export interface ArchiveCounts {
  readonly documents: number;
  readonly records: number;
  readonly states: number;
}

/** A document before its contents. */
export interface DocumentHead {
  readonly document: DocumentName;
  readonly changedAt: number;
  readonly checkpoint: Omit<Checkpoint, 'update'> | undefined;
}

/** A piece of server state. */
export function encodeState(key: string, value: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, key);
    encoding.writeUint8Array(encoder, value);
  });
}

/** Key and value. */
export function decodeState(payload: Uint8Array): readonly [string, Uint8Array] {
  const decoder = decoding.createDecoder(payload);
  return [decoding.readVarString(decoder), decoding.readTailAsUint8Array(decoder)];
}

/** The head of a document; its checkpoint and records follow in frames of their own. */
export function encodeDocument({ document, changedAt, checkpoint }: DocumentItem): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document);
    encoding.writeVarUint(encoder, changedAt);
    encoding.writeVarUint(encoder, checkpoint ? 1 : 0);
    if (!checkpoint) return;
    encoding.writeVarUint(encoder, checkpoint.offset);
    encoding.writeVarUint(encoder, checkpoint.time);
  });
}

/** The checkpoint is still without its update. */
export function decodeDocument(payload: Uint8Array): DocumentHead {
  const decoder = decoding.createDecoder(payload);
  const document = decoding.readVarString(decoder) as DocumentName;
  const changedAt = decoding.readVarUint(decoder);
  if (decoding.readVarUint(decoder) === 0) return { document, changedAt, checkpoint: undefined };
  const checkpoint = { offset: decoding.readVarUint(decoder), time: decoding.readVarUint(decoder) };
  return { document, changedAt, checkpoint };
}

/** Some records of a document. */
export function encodePack(records: readonly LogRecord[]): Uint8Array {
  return encoding.encode((encoder) => {
    for (const { offset, time, author, update } of records) {
      encoding.writeVarUint(encoder, offset);
      encoding.writeVarUint(encoder, time);
      encoding.writeVarString(encoder, author);
      encoding.writeVarUint8Array(encoder, update);
    }
  });
}

/** Adds the records of a frame to `records`. */
export function decodePack(payload: Uint8Array, records: LogRecord[]): void {
  const decoder = decoding.createDecoder(payload);
  while (decoding.hasContent(decoder)) {
    const offset = decoding.readVarUint(decoder);
    const time = decoding.readVarUint(decoder);
    const author = decoding.readVarString(decoder);
    records.push({ offset, time, author, update: decoding.readVarUint8Array(decoder) });
  }
}

/** What the whole file must have held. */
export function encodeCounts({ documents, records, states }: ArchiveCounts): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, documents);
    encoding.writeVarUint(encoder, records);
    encoding.writeVarUint(encoder, states);
  });
}

/** See encodeCounts. */
export function decodeCounts(payload: Uint8Array): ArchiveCounts {
  const decoder = decoding.createDecoder(payload);
  const documents = decoding.readVarUint(decoder);
  const records = decoding.readVarUint(decoder);
  return { documents, records, states: decoding.readVarUint(decoder) };
}
