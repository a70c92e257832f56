// What the server says of a document is noted in its copy on this device.

import type { DocumentSync } from '../document/document-sync.js';
import type { OfflineCopy } from '../offline/offline-copy.js';

/** Until both are let go of. What was left to a tab that is gone is brought to the server by comparing. */
export function noteInCopy(sync: DocumentSync, copy: OfflineCopy): void {
  sync.on('phase', (phase) => {
    if (phase === 'blocked' && sync.reason?.code === 'FORBIDDEN') copy.setAccess('none');
  });
  sync.on('access', (access) => copy.setAccess(access));
  sync.on('durable', (edits) => copy.durable(edits));
  sync.on('position', (position) => copy.reached(position));
  copy.on('orphaned', () => sync.compare());
}
