// The states of a client session, and what happens in them.

/**
 * held: a connection has the session. away: the connection was lost without a word, and the client may come back. ended: nobody can
 * come back to it.
 */
export type ClientSessionState = 'held' | 'away' | 'ended';

/**
 * entered: a connection says that it is this client. left: the client has ended the connection, or may not have one any more. lost:
 * the connection ended without a word. overdue: the client was away for too long.
 */
export type ClientSessionEvent = 'entered' | 'left' | 'lost' | 'overdue';

/** moved: the connection that had it ends. waited: from now on it is waited for. found: nobody waits any more. over: it has ended. */
export type ClientSessionEffect = 'moved' | 'waited' | 'found' | 'over';

export interface ClientSessionStep {
  readonly to: ClientSessionState;
  readonly effect?: ClientSessionEffect;
}

/** What is not in the table cannot happen. */
export const clientSessionTable: Readonly<
  Record<ClientSessionState, Partial<Record<ClientSessionEvent, ClientSessionStep>>>
> = {
  held: {
    entered: { to: 'held', effect: 'moved' },
    left: { to: 'ended', effect: 'over' },
    lost: { to: 'away', effect: 'waited' },
  },
  away: {
    entered: { to: 'held', effect: 'found' },
    overdue: { to: 'ended', effect: 'over' },
  },
  ended: {},
};
