// What is remembered of a document that the application has deleted: enough to know its content again when a client that was
// away brings it. Owns these marks in the store. A mark has no content and no user in it.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { decodeStateVector } from '../crdt/state-vector.js';
import type { DocumentStore } from '../store/store.js';

const version = 1;
/** Of a document that is deleted and made anew over and over the latest are remembered. */
const maxEpochs = 16;
const keyOf = (document: DocumentName): string => `deleted/${document}`;

/** The mark of one document: which epochs were deleted, and which Yjs client ids their content had. */
export class DeletedContent {
  readonly epochs: readonly string[];
  readonly clients: ReadonlySet<number>;

  constructor(epochs: readonly string[], clients: ReadonlySet<number>) {
    this.epochs = epochs;
    this.clients = clients;
  }

  /** Throws SyncError DOCUMENT_DELETED for a client that stands in a deleted epoch. */
  checkEpoch(epoch: string): void {
    if (this.epochs.includes(epoch)) throw deleted();
  }

  /** Throws SyncError DOCUMENT_DELETED where one of the client ids is of deleted content, and the document has nothing of it. */
  checkClients(clients: Iterable<number>, content: { clockOf(client: number): number }): void {
    for (const client of clients)
      if (this.clients.has(client) && content.clockOf(client) === 0) throw deleted();
  }
}

/** To whoever has the document open when it is deleted, or brings it back. */
export function deleted(): SyncError {
  return new SyncError('DOCUMENT_DELETED', 'the document was deleted');
}

/** Which document it is that is deleted. */
export interface DeletedIdentity {
  readonly epoch: string;
  /** Of all its content, encoded. */
  readonly stateVector: Uint8Array;
}

export class DeletedDocuments {
  readonly #store: Pick<DocumentStore, 'getState' | 'setState'>;

  constructor(store: Pick<DocumentStore, 'getState' | 'setState'>) {
    this.#store = store;
  }

  /** Undefined for a document that was never deleted, or was brought back. Rejects with StoreError. */
  async load(document: DocumentName): Promise<DeletedContent | undefined> {
    const bytes = await this.#store.getState(keyOf(document));
    return bytes === undefined ? undefined : decode(bytes);
  }

  /** Durable when it resolves. Rejects with StoreError. */
  async add(document: DocumentName, { epoch, stateVector }: DeletedIdentity, limits: Limits): Promise<void> {
    const before = await this.load(document);
    const clients = decodeStateVector(stateVector, limits).keys();
    const epochs = [...new Set([...(before?.epochs ?? []), epoch])].slice(-maxEpochs);
    const all = [...new Set([...(before?.clients ?? []), ...clients])].slice(-limits.maxClientsPerDocument);
    await this.#store.setState(keyOf(document), encode(epochs, all));
  }

  /** The document may be brought back. Durable when it resolves. */
  async forget(document: DocumentName): Promise<void> {
    await this.#store.setState(keyOf(document), undefined);
  }
}

function encode(epochs: readonly string[], clients: readonly number[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, version);
  encoding.writeVarUint(encoder, epochs.length);
  for (const epoch of epochs) encoding.writeVarString(encoder, epoch);
  encoding.writeVarUint(encoder, clients.length);
  for (const client of clients) encoding.writeVarUint(encoder, client);
  return encoding.toUint8Array(encoder);
}

/** Throws for bytes that this version did not write: the document is not opened then, as it might be brought back. */
function decode(bytes: Uint8Array): DeletedContent {
  const decoder = decoding.createDecoder(bytes);
  const found = decoding.readVarUint(decoder);
  if (found !== version) throw new Error(`the mark of a deleted document has version ${found}`);
  const epochs: string[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left--)
    epochs.push(decoding.readVarString(decoder));
  const clients = new Set<number>();
  for (let left = decoding.readVarUint(decoder); left > 0; left--) clients.add(decoding.readVarUint(decoder));
  return new DeletedContent(epochs, clients);
}
