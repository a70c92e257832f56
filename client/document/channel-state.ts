// Where a document is on its connection, as a table. Pure.

/**
 * closed: it is asked for when there is a connection, or in a while. opening: asked for. open: it has a number there. blocked:
 * asking again is of no use until the rights or the token change, or on another connection.
 */
export type ChannelState = 'closed' | 'opening' | 'open' | 'blocked';

/**
 * asked: the server was. opened: by the server. lost: by the connection, or closed from here. refused: for good, as things are.
 * retried: things may have changed.
 */
export type ChannelEvent = 'asked' | 'opened' | 'lost' | 'refused' | 'retried';

/** What is not in the table changes nothing. */
export const channelTransitions: Readonly<Record<ChannelState, Partial<Record<ChannelEvent, ChannelState>>>> =
  {
    closed: { asked: 'opening', refused: 'blocked' },
    opening: { opened: 'open', lost: 'closed' },
    open: { lost: 'closed' },
    blocked: { retried: 'closed', lost: 'closed' },
  };

export function nextChannelState(state: ChannelState, event: ChannelEvent): ChannelState {
  return channelTransitions[state][event] ?? state;
}
