// Deletes the text of a document, as an edit.

import * as Y from 'yjs';

/** Leaves an empty paragraph: whoever has the document open would write one otherwise, and that would be an edit of theirs. */
export function emptyText(doc: Y.Doc): void {
  const text = doc.getXmlFragment('default');
  doc.transact(() => {
    text.delete(0, text.length);
    text.insert(0, [new Y.XmlElement('paragraph')]);
  });
}
