// Keeps measurements apart on a server that lives on between them: each has documents of its own.

import type { Protocol } from '../protocol/protocol.js';

/** The protocol as it is, but with a prefix to every document's name. */
export function inOwnDocuments(protocol: Protocol, prefix: string): Protocol {
  const own = (document: string): string => `${prefix}-${document}`;
  return {
    name: protocol.name,
    acknowledgedBy: protocol.acknowledgedBy,
    path: (document) => protocol.path(own(document)),
    greeting: (document, token) => protocol.greeting(own(document), token),
    syncRequest: (document, stateVector) => protocol.syncRequest(own(document), stateVector),
    syncReply: (document, update) => protocol.syncReply(own(document), update),
    update: (document, update) => protocol.update(own(document), update),
    awareness: (document, update) => protocol.awareness(own(document), update),
    read: (payload) => protocol.read(payload),
  };
}
