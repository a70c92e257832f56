// An update that brings nothing: no structs and no deletions.

export const emptyUpdate = Uint8Array.of(0, 0);

export function isEmptyUpdate(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0;
}
