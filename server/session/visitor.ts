// Somebody whose token was believed, with one document.

import type { DocumentName } from '../../shared/document-name.js';
import type { Claims } from '../../shared/permission.js';

export interface Visitor {
  /** Of the connection, which may have several documents. */
  readonly connectionId: string;
  readonly document: DocumentName;
  readonly claims: Claims;
  readonly remoteAddress: string;
}
