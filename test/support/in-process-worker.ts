// A document worker that does everything where it stands, for tests that are not about threads.

import type * as Y from 'yjs';
import type {
  DocumentWorker,
  Edited,
  Merged,
  MergeRequest,
  OperateRequest,
  Tried,
  TryRequest,
  WholeDocument,
} from '../../server/room/document-worker.js';
import { copyOf, editCopy } from '../../server/worker/embedder-copy.js';
import { mergeDocument, mergeWhole } from '../../server/worker/merge-document.js';
import { operate } from '../../server/worker/operate.js';
import { tryUpdate } from '../../server/worker/try-update.js';
import type { DocumentName } from '../../shared/document-name.js';

export class InProcessWorker implements DocumentWorker {
  async merge(_document: DocumentName, request: MergeRequest): Promise<Merged> {
    return mergeDocument(request);
  }

  async read(_document: DocumentName, request: WholeDocument): Promise<Y.Doc> {
    return copyOf(mergeWhole(request).update, request.gc);
  }

  edit<T>(
    _document: DocumentName,
    request: WholeDocument,
    use: (ydoc: Y.Doc) => T | Promise<T>,
  ): Promise<Edited<T>> {
    return editCopy(mergeWhole(request).update, request.gc, use);
  }

  async operate(
    _document: DocumentName,
    request: OperateRequest,
  ): Promise<readonly (Uint8Array | undefined)[]> {
    return operate(request);
  }

  async try(_document: DocumentName, request: TryRequest): Promise<Tried> {
    return tryUpdate(request, () => {});
  }

  async close(): Promise<void> {}
}
