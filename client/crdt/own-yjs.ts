// Two copies of Yjs in one page: what one makes, the other takes for something else, and documents differ without a word.

import * as Y from 'yjs';

/** Throws TypeError unless the document is one of the Yjs that this client uses itself. */
export function checkOwnYjs(doc: unknown): asserts doc is Y.Doc {
  if (doc instanceof Y.Doc) return;
  if (!looksLikeDoc(doc))
    throw new TypeError('the document is to be a Y.Doc: new Y.Doc(), of the package yjs');
  throw new TypeError(
    'this Y.Doc is of another copy of Yjs than the one that Heddle uses: let the application load one copy, from ' +
      'node_modules/yjs, and load it one way, by import or by require',
  );
}

function looksLikeDoc(doc: unknown): boolean {
  return typeof doc === 'object' && doc !== null && 'clientID' in doc && 'store' in doc && 'share' in doc;
}
