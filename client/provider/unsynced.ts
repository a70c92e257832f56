// Whether a document holds something that the server may lack.

/** What is counted of that, as KeptDocument has it. */
interface Counted {
  readonly unsynced: number;
  readonly unsyncedBytes: number;
  readonly refusedBytes: number;
  readonly isOwed: boolean;
  readonly isInDoubt: boolean;
}

/** There are edits that are not known to be durable, or something else that is here and not on the server: not yet, or refused. */
export function hasOwnUnsynced({
  unsynced,
  unsyncedBytes,
  refusedBytes,
}: Pick<Counted, 'unsynced' | 'unsyncedBytes' | 'refusedBytes'>): boolean {
  return unsynced + unsyncedBytes + refusedBytes > 0;
}

/** That, or other tabs have such things (K58). */
export function hasUnsynced(counted: Counted): boolean {
  return hasUnsyncedInTabs(counted) || hasOwnUnsynced(counted);
}

/** Other tabs have told it, or have left it in the copy. */
export function hasUnsyncedInTabs({ isOwed, isInDoubt }: Pick<Counted, 'isOwed' | 'isInDoubt'>): boolean {
  return isOwed || isInDoubt;
}
