// The states of a reader as a pure table: which state follows an event, and what the reader does about it. Total: every event
// has its place in every state.

/**
 * new: the document is being opened; the client hears of no change. watching: the client hears who is here, and has not
 * asked for the document. answering: the client is sent what it lacks; the last part says that it is the last.
 * catching-up: the client is sent what the log has got since. waiting: the client has all that it may be sent, until a commit
 * is done or the store has been read. live: the client gets what the room publishes. closed: nothing is sent any more.
 */
export type ReaderState = 'new' | 'watching' | 'answering' | 'catching-up' | 'waiting' | 'live' | 'closed';

export type ReaderEvent =
  /** The client was told who is here, and has not asked for the document. */
  | 'greeted'
  /** The client asks for what it lacks, by a state vector. */
  | 'asked'
  /** The client resumes at an offset. */
  | 'resumed'
  /** The last part of the answer was sent. */
  | 'answered'
  /** There is nothing to send before a commit, or before the store has been read. */
  | 'stuck'
  /** What the reader waited for has happened. */
  | 'unstuck'
  /** The client has everything that live readers have. */
  | 'caught-up'
  /** The client's buffer grows, or a frame is too large for the live stream. */
  | 'lagged'
  | 'closed';

export type ReaderEffect =
  /** Hears of presence, without updates. */
  | 'join-watchers'
  | 'leave-watchers'
  /** Gets what the room publishes. */
  | 'join-live'
  | 'leave-live'
  /** The answer to the request is made. */
  | 'begin-answer'
  /** The request waits until the answer under way has been sent: a client that asks without reading piles up nothing. */
  | 'keep-request'
  /** A request that has waited is made again. */
  | 'ask-again'
  /** What the client is sent goes on from the last offset that live readers were given. */
  | 'continue-from-log';

export interface ReaderTransition {
  readonly state: ReaderState;
  readonly effects: readonly ReaderEffect[];
}

type Row = Readonly<Record<ReaderEvent, ReaderTransition>>;

const to = (state: ReaderState, ...effects: ReaderEffect[]): ReaderTransition => ({ state, effects });

/** A row in which every event leaves the state as it is, but for these. */
function row(state: ReaderState, changes: Partial<Row>): Row {
  const stays = to(state);
  return {
    greeted: stays,
    asked: stays,
    resumed: stays,
    answered: stays,
    stuck: stays,
    unstuck: stays,
    'caught-up': stays,
    lagged: stays,
    closed: to('closed'),
    ...changes,
  };
}

/** What becomes of a reader in each state. Only `watching` is among the watchers, only `live` among the live readers. */
export const readerTable: Readonly<Record<ReaderState, Row>> = {
  new: row('new', {
    greeted: to('watching', 'join-watchers'),
    asked: to('answering', 'begin-answer'),
    resumed: to('catching-up'),
  }),
  watching: row('watching', {
    asked: to('answering', 'leave-watchers', 'begin-answer'),
    resumed: to('catching-up', 'leave-watchers'),
    closed: to('closed', 'leave-watchers'),
  }),
  answering: row('answering', {
    asked: to('answering', 'keep-request'),
    answered: to('catching-up', 'ask-again'),
  }),
  'catching-up': row('catching-up', {
    asked: to('answering', 'begin-answer'),
    stuck: to('waiting'),
    'caught-up': to('live', 'join-live'),
  }),
  waiting: row('waiting', {
    asked: to('answering', 'begin-answer'),
    unstuck: to('catching-up'),
  }),
  live: row('live', {
    asked: to('answering', 'leave-live', 'begin-answer'),
    lagged: to('catching-up', 'leave-live', 'continue-from-log'),
    closed: to('closed', 'leave-live'),
  }),
  closed: row('closed', {}),
};
