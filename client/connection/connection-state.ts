// The life of a connection as a pure machine: what state follows an event, and what is to be done about it. Total: every
// event has its place in every state.

/**
 * idle: nobody wants the connection. asking: somebody does, and the token is on its way. opening: the socket is being
 * opened. greeting: the socket is open, and the server has yet to believe the token of `hello`. open: documents can be
 * opened. waiting: the connection was lost and will be tried again. blocked: trying again is of no use until a new token
 * comes, or somebody asks for the connection.
 */
export type ConnectionState = 'idle' | 'asking' | 'opening' | 'greeting' | 'open' | 'waiting' | 'blocked';

export type ConnectionEvent =
  /** Somebody needs the connection, or asks for it again. */
  | 'wanted'
  | 'unwanted'
  /** The token that was asked for is there. */
  | 'given'
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
  /** There is a token newer than the one in use; it is in use from now on. */
  | 'renewed'
  /** The server has welcomed this client on another socket, that was opened beside the one in use. */
  | 'moved';

export type ConnectionEffect =
  | 'ask-for-token'
  | 'open-socket'
  | 'close-socket'
  | 'change-socket'
  | 'say-hello'
  | 'say-token'
  | 'wait'
  | 'stop-waiting';

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

const again = to('asking', 'stop-waiting', 'ask-for-token');

function row(state: ConnectionState, changes: Partial<Row>): Row {
  const stays = to(state);
  return {
    wanted: stays,
    unwanted: stays,
    given: stays,
    opened: stays,
    welcomed: stays,
    lost: stays,
    refused: stays,
    due: stays,
    nudged: stays,
    renewed: stays,
    moved: stays,
    ...changes,
  };
}

const table: Readonly<Record<ConnectionState, Row>> = {
  idle: row('idle', { wanted: to('asking', 'ask-for-token') }),
  asking: row('asking', {
    unwanted: to('idle'),
    given: to('opening', 'open-socket'),
    lost: to('waiting', 'wait'),
    refused: to('blocked'),
    renewed: to('opening', 'open-socket'),
  }),
  // A token that comes while the socket opens is the one that `hello` says.
  opening: row('opening', { ...withSocket, opened: to('greeting', 'say-hello') }),
  // The server may be about to refuse the token that `hello` has said: its answer would be about a token that is no longer
  // in use.
  greeting: row('greeting', {
    ...withSocket,
    welcomed: to('open'),
    renewed: to('opening', 'close-socket', 'open-socket'),
  }),
  open: row('open', {
    ...withSocket,
    renewed: to('open', 'say-token'),
    moved: to('open', 'change-socket'),
  }),
  waiting: row('waiting', {
    wanted: again,
    unwanted: to('idle', 'stop-waiting'),
    due: to('asking', 'ask-for-token'),
    nudged: again,
    renewed: to('opening', 'stop-waiting', 'open-socket'),
  }),
  blocked: row('blocked', {
    wanted: to('asking', 'ask-for-token'),
    unwanted: to('idle'),
    renewed: to('opening', 'open-socket'),
  }),
};

/** What an event brings. */
export function transition(state: ConnectionState, event: ConnectionEvent): Transition {
  return table[state][event];
}
