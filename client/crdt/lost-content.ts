// Takes content out of a document, and tells what it was.

import * as Y from 'yjs';
import { applyGuarded } from './apply-parts.js';
import type { Ranges } from './content-ids.js';
import { rootOf } from './delete-scope.js';

/** One value that was taken out of a document. */
export interface LostValue {
  /** The name of the shared type at the top of the document in which it stood. */
  readonly root: string;
  /** The key of a map, or the attribute of an element, that it was the value of; undefined for what stands in a sequence. */
  readonly key: string | undefined;
  /** A string of characters, an array of values, a shared type as JSON, or the key and value of a format. */
  readonly value: unknown;
}

/** Deletes what stands under these ids, and what is inside of that, in one transaction. Returns what was not deleted before. */
export function takeOut(doc: Y.Doc, ids: Ranges, origin: unknown): LostValue[] {
  const lost: LostValue[] = [];
  applyGuarded(
    doc,
    () =>
      Y.transact(doc, (transaction) =>
        Y.iterateDeletedStructs(transaction, ids, (struct) => {
          if (!(struct instanceof Y.Item) || struct.deleted) return;
          const key = struct.parentSub ?? undefined;
          lost.push({ root: rootOf(struct), key, value: valueOf(struct.content) });
          struct.delete(transaction);
        }),
      ),
    origin,
  );
  return lost;
}

function valueOf(content: Y.Item['content']): unknown {
  if (content instanceof Y.ContentString) return content.str;
  if (content instanceof Y.ContentFormat) return { [content.key]: content.value };
  if (content instanceof Y.ContentType) return content.type.toJSON();
  return content instanceof Y.ContentDoc ? content.doc.guid : content.getContent();
}
