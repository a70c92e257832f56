// The life of one offline copy, as a table. Pure.

/**
 * new: nobody has asked for it. loading: it is being read. unread: it could not be read, and that is tried again; what is
 * handed in waits. open: it is read, and what is handed in is stored. away: the page is put away, and the locks are let go of; what is
 * handed in waits. over: nothing is stored any more.
 */
export type CopyState = 'new' | 'loading' | 'unread' | 'open' | 'away' | 'over';

/**
 * tried: somebody wants it read. read: it was. missed: it was not, and may be later. left: the page is put away. returned: it
 * has its place among the tabs again. ended: for good.
 */
export type CopyEvent = 'tried' | 'read' | 'missed' | 'left' | 'returned' | 'ended';

/** What is not in the table changes nothing. */
export const copyTransitions: Readonly<Record<CopyState, Partial<Record<CopyEvent, CopyState>>>> = {
  new: { tried: 'loading', ended: 'over' },
  loading: { read: 'open', missed: 'unread', ended: 'over' },
  unread: { tried: 'loading', ended: 'over' },
  open: { left: 'away', ended: 'over' },
  away: { returned: 'open', ended: 'over' },
  over: {},
};

export function nextCopyState(state: CopyState, event: CopyEvent): CopyState {
  return copyTransitions[state][event] ?? state;
}
