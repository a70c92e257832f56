// Which content is in an update, by the ids that Yjs gives it, without the content.

import * as Y from 'yjs';

/** Ids by client id: content, or what is deleted. */
export type Ranges = ReturnType<typeof Y.createDeleteSet>;

export interface Range {
  readonly clock: number;
  readonly len: number;
}

/** The ids of structs, and the ids that are deleted. */
export interface ContentIds {
  readonly structs: Ranges;
  readonly deletes: Ranges;
}

/** Throws what is no update. */
export function contentIdsOf(update: Uint8Array): ContentIds {
  const { structs, ds } = Y.decodeUpdate(update);
  const ranges = Y.createDeleteSet();
  for (const struct of structs) {
    // A gap between structs of one client.
    if (struct instanceof Y.Skip) continue;
    const { client, clock } = struct.id;
    addRange(ranges, client, { clock, len: struct.length });
  }
  return { structs: Y.mergeDeleteSets([ranges]), deletes: Y.mergeDeleteSets([ds]) };
}

export function joinedIds(all: readonly ContentIds[]): ContentIds {
  return {
    structs: Y.mergeDeleteSets(all.map(({ structs }) => structs)),
    deletes: Y.mergeDeleteSets(all.map(({ deletes }) => deletes)),
  };
}

/** What of it the other has not. */
export function withoutIds({ structs, deletes }: ContentIds, other: ContentIds): ContentIds {
  return {
    structs: rangesWithout(structs, other.structs),
    deletes: rangesWithout(deletes, other.deletes),
  };
}

/** Whether the other has all of it. */
export function areWithin(ids: ContentIds, other: ContentIds): boolean {
  const { structs, deletes } = withoutIds(ids, other);
  return structs.clients.size === 0 && deletes.clients.size === 0;
}

/** Adds a range of a client id, behind those that it has. */
export function addRange({ clients }: Ranges, client: number, range: Range): void {
  const known = clients.get(client);
  if (known === undefined) clients.set(client, [range]);
  else known.push(range);
}

/** Whether some of this range of a client id is in `ranges`. */
export function overlap(ranges: Ranges, client: number, { clock, len }: Range): boolean {
  return (ranges.clients.get(client) ?? []).some(
    (one) => one.clock < clock + len && clock < one.clock + one.len,
  );
}

/** The ranges of one that are not in the other. Both are sorted and merged, as decoding and merging leave them. */
export function rangesWithout(all: Ranges, known: Ranges): Ranges {
  const rest = Y.createDeleteSet();
  for (const [client, ranges] of all.clients) {
    const left: (typeof ranges)[number][] = [];
    const others = known.clients.get(client) ?? [];
    let first = 0;
    for (const range of ranges) {
      let { clock } = range;
      const end = range.clock + range.len;
      while (first < others.length && others[first]!.clock + others[first]!.len <= clock) first++;
      for (let at = first; at < others.length && others[at]!.clock < end; at++) {
        const other = others[at]!;
        if (other.clock > clock) left.push({ clock, len: other.clock - clock });
        clock = Math.max(clock, other.clock + other.len);
      }
      if (clock < end) left.push({ clock, len: end - clock });
    }
    if (left.length > 0) rest.clients.set(client, left);
  }
  return rest;
}
