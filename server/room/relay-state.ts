// The states of a room's relay as a pure table: which state follows an event, and what the relay does about it. Total:
// every event has its place in every state.

/**
 * quiet: every accepted update has left; the next edit leaves at once. queueing: at least one accepted update has not left,
 * and a timer runs.
 */
export type RelayState = 'quiet' | 'queueing';

export type RelayEvent =
  /** An edit was accepted, and the last frame left long enough ago. */
  | 'edit'
  /** An edit was accepted soon after the last frame left. */
  | 'close-edit'
  /**
   * An offer was accepted, or an edit that its author may have sent over an earlier connection. It may hold edits of somebody
   * who is here, so it leaves when it is durable (D1).
   */
  | 'offer'
  /** The timer has fired, and every queued update may leave before it is durable. */
  | 'due'
  /** The timer has fired, and only the first queued updates may leave: what is behind them is an offer, or too much. */
  | 'due-in-part'
  /** The timer has fired, and the queued updates have to wait for their commit. */
  | 'due-later'
  /** A commit has made every queued update durable. */
  | 'committed'
  /** A commit has made the first queued updates durable, or none of them. */
  | 'committed-in-part'
  /** The room has ended. */
  | 'closed';

export type RelayEffect =
  /** The edit leaves at once. */
  | 'send'
  /** The update joins the queue. */
  | 'queue'
  /** The queued updates that may leave do so, in one frame. */
  | 'send-queued'
  /** The queue is looked at when the next frame may leave. */
  | 'start-timer'
  /** The queue is looked at when its commit has had its time. */
  | 'start-long-timer'
  | 'stop-timer';

export interface RelayTransition {
  readonly state: RelayState;
  readonly effects: readonly RelayEffect[];
}

const to = (state: RelayState, ...effects: RelayEffect[]): RelayTransition => ({ state, effects });

/** What becomes of the relay in each state. The timer runs in `queueing` and in no other state. */
export const relayTable: Readonly<Record<RelayState, Readonly<Record<RelayEvent, RelayTransition>>>> = {
  quiet: {
    edit: to('quiet', 'send'),
    'close-edit': to('queueing', 'queue', 'start-timer'),
    offer: to('queueing', 'queue', 'start-long-timer'),
    due: to('quiet'),
    'due-in-part': to('quiet'),
    'due-later': to('quiet'),
    committed: to('quiet'),
    'committed-in-part': to('quiet'),
    closed: to('quiet'),
  },
  queueing: {
    edit: to('queueing', 'queue'),
    'close-edit': to('queueing', 'queue'),
    offer: to('queueing', 'queue'),
    due: to('quiet', 'send-queued'),
    'due-in-part': to('queueing', 'send-queued', 'start-long-timer'),
    'due-later': to('queueing', 'start-long-timer'),
    committed: to('quiet', 'stop-timer'),
    // What is left was accepted after the timer was started, and gets the whole time of a timer of its own.
    'committed-in-part': to('queueing', 'stop-timer', 'start-timer'),
    closed: to('quiet', 'stop-timer'),
  },
};
