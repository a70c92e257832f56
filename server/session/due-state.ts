// The states of what is to change in one document when a client session ends, and what is done in each.

/**
 * kept: the session goes on. due: it has ended. computed: the change is made of bytes that are stored. over: it was made, or cannot
 * be; only the record is left. gone: nothing is left.
 */
export type DueState = 'kept' | 'due' | 'computed' | 'over' | 'gone';

/**
 * ended: of the session. computed: the bytes are stored. made: the document has taken them. refused: they will never be taken.
 * baseless: what they rest on was lost with an earlier run of the server. removed: the record is.
 */
export type DueEvent = 'ended' | 'computed' | 'made' | 'refused' | 'baseless' | 'removed';

/** What is not in the table cannot happen. A failure that may pass changes nothing: the same is done again later. */
export const dueTable: Readonly<Record<DueState, Partial<Record<DueEvent, DueState>>>> = {
  kept: { ended: 'due', removed: 'gone' },
  // A change of nothing has no bytes.
  due: { computed: 'computed', made: 'over', refused: 'over' },
  computed: { made: 'over', refused: 'over', baseless: 'due' },
  over: { removed: 'gone' },
  gone: {},
};
