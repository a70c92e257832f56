// Keeps measurements apart on a server that lives on between them: each has documents of its own.

import type { Protocol } from '../protocol/protocol.js';

/** The protocol as it is, but with a prefix to every document's name. */
export function inOwnDocuments(protocol: Protocol, prefix: string): Protocol {
  const own = (document: string): string => `${prefix}-${document}`;
  return {
    ...protocol,
    path: (document) => protocol.path(own(document)),
    converse: (document, ref) => protocol.converse(own(document), ref),
  };
}
