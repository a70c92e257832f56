// The life of the commit queue as a table: which state follows an event. What is done about it, and the batch itself, are the
// queue's.

/**
 * idle: nothing is to be written. due: there are records, and a time at which they are written. writing: a batch is with the
 * store. away: the store did not answer for the batch, which is written again at a set time. failed: for good.
 */
export type CommitState = 'idle' | 'due' | 'writing' | 'away' | 'failed';

export type CommitEvent =
  /** There are records that are in no batch. */
  | 'added'
  /** The time to write has come. */
  | 'time'
  /** The store has answered for every document of the batch. */
  | 'answered'
  /** The store cannot be reached, or its answer is unknown. */
  | 'lost'
  /** The store can write nothing any more, or was away for too long. */
  | 'broken';

/** An event that is not named has no place in that state, and changes nothing. */
export const commitTable: Readonly<Record<CommitState, Partial<Record<CommitEvent, CommitState>>>> = {
  idle: { added: 'due' },
  due: { time: 'writing' },
  // Records that are added meanwhile wait for the next batch.
  writing: { answered: 'idle', lost: 'away', broken: 'failed' },
  away: { time: 'writing' },
  failed: {},
};
