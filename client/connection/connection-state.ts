// The life of a connection as a pure machine: what state follows an event, and what is to be done about it. Total: every
// event has its place in every state.

/**
 * idle: not wanted. opening: the socket is being opened. greeting: it is open, the server has yet to believe the token.
 * open: documents can be opened. waiting: it was lost and will be tried again. blocked: trying again is of no use until a
 * new token comes, or somebody asks for it.
 */
export type ConnectionState = 'idle' | 'opening' | 'greeting' | 'open' | 'waiting' | 'blocked';

export type ConnectionEvent =
  /** Somebody needs the connection, or asks for it again. */
  | 'wanted'
  | 'unwanted'
  /** The socket is open. */
  | 'opened'
  | 'welcomed'
  /** The connection has ended, and it may be tried again. */
  | 'lost'
  /** It has ended, and it must not be tried again as it is. */
  | 'refused'
  /** The time to wait is over. */
  | 'due'
  /** Now is a better moment than before: the device is online again, the page is visible. */
  | 'nudged'
  /** There is a new token. */
  | 'renewed';

export type ConnectionEffect = 'open-socket' | 'close-socket' | 'say-hello' | 'wait' | 'stop-waiting';

export interface Transition {
  readonly state: ConnectionState;
  readonly effects: readonly ConnectionEffect[];
}

type Row = Readonly<Record<ConnectionEvent, Transition>>;

const to = (state: ConnectionState, ...effects: ConnectionEffect[]): Transition => ({ state, effects });

/** What all states with a socket have in common. */
const withSocket = {
  unwanted: to('idle', 'close-socket'),
  lost: to('waiting', 'close-socket', 'wait'),
  refused: to('blocked', 'close-socket'),
};

const again = to('opening', 'stop-waiting', 'open-socket');

function row(state: ConnectionState, changes: Partial<Row>): Row {
  const stays = to(state);
  return {
    wanted: stays,
    unwanted: stays,
    opened: stays,
    welcomed: stays,
    lost: stays,
    refused: stays,
    due: stays,
    nudged: stays,
    renewed: stays,
    ...changes,
  };
}

const table: Readonly<Record<ConnectionState, Row>> = {
  idle: row('idle', { wanted: to('opening', 'open-socket') }),
  opening: row('opening', { ...withSocket, opened: to('greeting', 'say-hello') }),
  greeting: row('greeting', { ...withSocket, welcomed: to('open') }),
  open: row('open', withSocket),
  waiting: row('waiting', {
    wanted: again,
    unwanted: to('idle', 'stop-waiting'),
    due: to('opening', 'open-socket'),
    nudged: again,
    renewed: again,
  }),
  blocked: row('blocked', {
    wanted: to('opening', 'open-socket'),
    unwanted: to('idle'),
    renewed: to('opening', 'open-socket'),
  }),
};

/** What an event brings. */
export function transition(state: ConnectionState, event: ConnectionEvent): Transition {
  return table[state][event];
}
