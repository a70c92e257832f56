// What the pool and one of its threads say to each other. A thread has one job at a time.

import type {
  Merged,
  MergeRequest,
  OperateRequest,
  Tried,
  TryRequest,
  WholeDocument,
} from '../room/document-worker.js';
import type { ErrorCode } from '../../shared/errors.js';

/** copy: the whole document as one update, which the embedder's copy is built from. */
export type Task =
  | { readonly kind: 'merge'; readonly request: MergeRequest }
  | { readonly kind: 'copy'; readonly request: WholeDocument }
  | { readonly kind: 'operate'; readonly request: OperateRequest }
  | { readonly kind: 'try'; readonly request: TryRequest };

export interface Copied {
  readonly update: Uint8Array;
  /** CPU time that loading `update` took, ms. */
  readonly loadMs: number;
}

/** What each task results in. */
export interface Results {
  readonly merge: Merged;
  readonly copy: Copied;
  readonly operate: readonly (Uint8Array | undefined)[];
  readonly try: Tried;
}

export type Result = Results[Task['kind']];

/** loaded: the document of a `try` is loaded, and its update comes next. The other two end the job. */
export type Reply =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly code: ErrorCode | undefined; readonly detail: string };
