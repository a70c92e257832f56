// What a kept document needs, and what it tells.

import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { Access } from '../../shared/permission.js';
import type { Connection } from '../connection/connection.js';
import type { DocumentChannelDeps } from '../document/document-channel.js';
import type { DocumentPhase } from '../document/document-events.js';
import type { DocumentReason } from '../document/document-reason.js';
import type { CopyOwner } from '../offline/copy-owner.js';
import type { OfflineCopy } from '../offline/offline-copy.js';
import type { OfflineError } from '../offline/offline-error.js';
import type { TabPlatform } from '../tabs/tab-channel.js';

export interface KeptDocumentDeps {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly name: string;
  /** Replaced by `moveTo`. */
  connection: Connection;
  /** As in DocumentChannel. */
  readonly otherConnection?: DocumentChannelDeps['otherConnection'];
  readonly clock: Clock;
  readonly random: () => number;
  /** The copy on this device; undefined for none. It is let go of with this. */
  readonly copy: OfflineCopy | undefined;
  /** What the tabs of one browser that have this document open call each other by; undefined for each on its own. */
  readonly channelName: string | undefined;
  /**
   * With which server and user this document is, as far as this device knows: tabs of others are not heard. Default:
   * nobody asks.
   */
  readonly owner?: (() => Promise<CopyOwner>) | undefined;
  /** The server's address. Default: none. */
  readonly url?: string | undefined;
  /** What the tabs talk over. Default: what the browser has. */
  readonly tabPlatform?: TabPlatform | undefined;
}

export interface KeptDocumentEvents {
  /** Something that can be read here is different. */
  changed: () => void;
  phase: (phase: DocumentPhase) => void;
  access: (access: Access) => void;
  unsynced: (count: number) => void;
  refused: (reason: DocumentReason) => void;
  'awareness-refused': (reason: DocumentReason) => void;
  'offline-error': (error: OfflineError) => void;
  /** Something of another tab could not be taken. The document is as it was. */
  'tab-error': (error: Error) => void;
  /** The connection is with another user or server than what the document holds is of. */
  'other-owner': () => void;
  /** Somebody else has written other content under a client id that this document has written under. */
  'client-id-conflict': (clientId: number) => void;
}
