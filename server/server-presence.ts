// Who is connected to a running server, for the application that runs it.

import { parseDocumentName } from '../shared/document-name.js';
import type { RosterEntry, Rosters } from './roster/rosters.js';

/** What `server.presence` offers. Users are known by the `sub` of their tokens. Rejects with StoreError; before `listen` with an Error. */
export interface ServerPresence {
  /** Who has a document open, and who had: the last `limits.maxSeenUsers` within `limits.maxSeenDays`, those who are here last. */
  document(name: string): Promise<RosterEntry[]>;
  /** Who is connected now, with or without a document. Throws an Error before `listen`. */
  online(): RosterEntry[];
  /** One user, connected or not; undefined for one who is not remembered. */
  user(user: string): Promise<RosterEntry | undefined>;
}

export function serverPresence(rosters: () => Rosters): ServerPresence {
  return {
    document: async (name) => rosters().inDocument(parseDocumentName(name)),
    online: () => rosters().online(),
    user: async (user) => rosters().user(user),
  };
}
