// A message of the server, read as far as the checks need it.

import type { Address, Protocol, ServerMessage } from '../protocol/protocol.js';
import { countAwareness } from './awareness-entries.js';
import type { UpdateParts } from './update-parts.js';

export type Content = { readonly about?: Address } & (
  | {
      readonly kind: 'update' | 'sync-reply';
      readonly update: Uint8Array;
      /** Undefined without a ledger. */
      readonly parts: UpdateParts | undefined;
      readonly cursor?: number;
      readonly acks?: ReadonlyMap<number, number>;
    }
  | {
      readonly kind: 'awareness';
      readonly update: Uint8Array;
      readonly entryCount: number;
      readonly entries: readonly StateEntry[] | undefined;
    }
  | Exclude<ServerMessage, { kind: 'update' | 'sync-reply' | 'awareness' }>
);

/** An entry of an awareness update: its client's index, its clock, and which of the client's states it is, from 1. */
export interface StateEntry {
  readonly client: number;
  readonly clock: number;
  /** Undefined for a state that the client was never to set. */
  readonly count: number | undefined;
}

/** What messages are checked against: the ledgers of a room, as far as reading needs them. */
export interface Readers {
  readonly ledger: { partsOf(update: Uint8Array): UpdateParts } | undefined;
  readonly awareness: { entriesOf(update: Uint8Array): readonly StateEntry[] } | undefined;
}

/** Everything in one payload. Throws DeliveryError when it is not of the protocol. */
export function readContents(
  protocol: Protocol,
  readersOf: (message: ServerMessage) => Readers,
  payload: Uint8Array,
): readonly Content[] {
  return protocol.read(payload).map((message) => contentOf(message, readersOf(message)));
}

function contentOf(message: ServerMessage, { ledger, awareness }: Readers): Content {
  switch (message.kind) {
    case 'update':
    case 'sync-reply':
      return { ...message, parts: ledger?.partsOf(message.update) };
    case 'awareness':
      return {
        ...message,
        entryCount: countAwareness(message.update),
        entries: awareness?.entriesOf(message.update),
      };
    default:
      return message;
  }
}

/** Whether others in the room may receive the same. */
export function isForAll(contents: readonly Content[]): boolean {
  return contents.some(({ kind }) => kind === 'update' || kind === 'sync-reply' || kind === 'awareness');
}
