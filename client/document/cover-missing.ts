// What the first sync of a document finds that the server lacks.

import type { Access } from '../../shared/permission.js';
import type { DocumentContent } from './document-content.js';
import type { OpenDocument } from './open-document.js';
import type { Outbox } from './outbox.js';

/**
 * `answer`: what the server has sent that was not here. `isAsked`: it counts until all is durable there, also where nothing is
 * missing: somebody else may have brought it just now.
 */
export function coverMissing(
  outbox: Outbox,
  content: DocumentContent,
  {
    stateVector,
    answer,
    access,
    isAsked,
  }: Pick<OpenDocument, 'stateVector'> & {
    readonly answer: readonly Uint8Array[];
    readonly access: Access | undefined;
    readonly isAsked: boolean;
  },
): void {
  const missing = content.missing(stateVector, answer);
  // K10: what Yjs has tidied is nobody's edit; a reader need not bring it to the server.
  const isNobodys =
    missing !== undefined &&
    access !== 'write' &&
    content.isTidied(missing, outbox.derived, outbox.size === 0);
  const { derived } = outbox;
  outbox.cover(isNobodys ? undefined : missing, isAsked);
  if (isNobodys) outbox.derive(missing);
  // Of what else is missing, that is how a commenter's deletions elsewhere are told from those that Yjs has made.
  else if (access === 'comment') for (const one of derived) outbox.derive(one);
}
