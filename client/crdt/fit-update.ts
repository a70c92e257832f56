// An update as the server takes it. What the server would refuse is sent as deleted content if it is deleted here by now: under
// its ids and in its place, so that all that was written after it can follow. What is not deleted is found and told.

import * as Y from 'yjs';
import { faultOf, faultOfSize, isPlacedByBadKey, type ContentLimits } from './content-faults.js';
import { rootOf, scopeOfDeletes } from './delete-scope.js';
import { addRange, overlap, type Range, type Ranges } from './content-ids.js';
import { writeUpdate } from './split-update.js';
import { structsIn } from './structs-in.js';

export interface Fitted {
  readonly update: Uint8Array;
  /** What the server would refuse; undefined when there is nothing. */
  readonly refused:
    | {
        readonly ids: Ranges;
        readonly kind: 'too-large' | 'invalid' | 'comment-only';
        readonly fault: string;
      }
    | undefined;
  /** What it deletes elsewhere than under the comment roots, and is not in `update` (A22). */
  readonly elsewhere?: Uint8Array | undefined;
  /** Deletions of which nobody here knows where they are: to be sent for themselves, as they may be refused. */
  readonly forgotten?: Uint8Array | undefined;
}

export interface Fitting {
  readonly doc: Y.Doc;
  readonly limits: ContentLimits;
  /** Content that the server has refused before, for reasons of its own. */
  readonly givenUp: Ranges;
  /** The root types under which a commenter may write; undefined for who may write everywhere. */
  readonly commentRoots?: ReadonlySet<string> | undefined;
}

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];

/** The document holds all of the update. One that is larger than the server takes must hold a single struct. */
export function fitUpdate(update: Uint8Array, { doc, limits, givenUp, commentRoots }: Fitting): Fitted {
  const { structs, ds } = Y.decodeUpdate(update);
  const ids = Y.createDeleteSet();
  const isTooLarge = update.length > limits.maxUpdateBytes;
  let fault: string | undefined;
  let isElsewhere = false;
  let isChanged = false;
  const fitted = structs.map((struct): Struct => {
    if (!(struct instanceof Y.Item)) return struct;
    const own = { clock: struct.id.clock, len: struct.length };
    const { client } = struct.id;
    const placed = placedOf(doc, struct.id);
    const found = isTooLarge
      ? faultOfSize(limits)
      : faultOf(struct, placed instanceof Y.Item ? placed : undefined, limits);
    const isOut = placed instanceof Y.Item && commentRoots?.has(rootOf(placed)) === false;
    // A deleted value of a key would hide the value before it.
    const isHiding = isOut && placed.parentSub !== null;
    // How deep something was that stood in deleted content, nobody knows any more.
    const isLeftOut = found !== undefined || placed instanceof Y.GC || isOut || overlap(givenUp, client, own);
    if (isLeftOut && !isHiding && isDeleted(doc, client, own)) {
      isChanged = true;
      return asDeleted(struct, limits);
    }
    if (found !== undefined || isOut) {
      isElsewhere ||= found === undefined;
      fault ??= found ?? 'it is elsewhere than under the comment roots';
      addRange(ids, client, own);
    }
    return struct;
  });
  const kind = isTooLarge ? 'too-large' : isElsewhere ? 'comment-only' : 'invalid';
  const refused = fault === undefined ? undefined : ({ ids, kind, fault } as const);
  if (commentRoots === undefined) return { update: isChanged ? writeUpdate(fitted, ds) : update, refused };
  const { inside, elsewhere, forgotten } = scopeOfDeletes(doc, ds, commentRoots, givenUp);
  return {
    update: writeUpdate(fitted, inside),
    refused,
    elsewhere: elsewhere.clients.size > 0 ? writeUpdate([], elsewhere) : undefined,
    forgotten: forgotten.clients.size > 0 ? writeUpdate([], forgotten) : undefined,
  };
}

/** Whether the document has all of these ids, and holds nothing under them any more. */
export function areDeleted(doc: Y.Doc, ids: Ranges): boolean {
  return [...ids.clients].every(([client, ranges]) => ranges.every((range) => isDeleted(doc, client, range)));
}

function isDeleted(doc: Y.Doc, client: number, { clock, len }: Range): boolean {
  if (Y.getState(doc.store, client) < clock + len) return false;
  for (const { deleted } of structsIn(doc, client, clock, clock + len)) if (!deleted) return false;
  return true;
}

function placedOf({ store }: Y.Doc, id: Y.ID): unknown {
  return Y.getState(store, id.client) <= id.clock ? undefined : Y.getItem(store, id);
}

/** Nobody can place an item by a key that is not sent: others get no more than its ids. */
function asDeleted(item: Y.Item, limits: ContentLimits): Struct {
  const { id, length, origin, rightOrigin, parent, parentSub } = item;
  if (isPlacedByBadKey(item, limits)) return new Y.GC(id, length);
  return new Y.Item(id, null, origin, null, rightOrigin, parent, parentSub, new Y.ContentDeleted(length));
}
