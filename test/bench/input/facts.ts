// What Yjs itself reads in an update.

import * as Y from 'yjs';

export interface Facts {
  /** Client ids with structs, each once. */
  readonly clients: readonly number[];
  readonly from: number;
  readonly to: number;
  /** `client/clock` of every unit deleted. */
  readonly deleted: readonly string[];
}

export function factsOf(update: Uint8Array): Facts {
  const { structs, ds } = Y.decodeUpdate(update);
  const deleted = [...ds.clients].flatMap(([client, ranges]) =>
    ranges.flatMap(({ clock, len }) => Array.from({ length: len }, (_, unit) => `${client}/${clock + unit}`)),
  );
  return {
    clients: [...new Set(structs.map(({ id }) => id.client))],
    from: Math.min(...structs.map(({ id }) => id.clock)),
    to: Math.max(...structs.map(({ id, length }) => id.clock + length)),
    deleted,
  };
}
