// What happens to a reader outside of any message of its client.

import { describe, expect, it } from 'vitest';
import { yWebsocketDialect } from '../../../server/dialect/y-websocket.js';
import type { Room } from '../../../server/room/room.js';
import type { Missed } from '../../../server/room/catch-up.js';
import { serverWriter } from '../../../server/room/writer.js';
import { BoundedDeflation } from '../../../server/session/bounded-deflation.js';
import { FrameCache } from '../../../server/session/frame-cache.js';
import { Reader } from '../../../server/session/reader.js';
import type { RoomFanout } from '../../../server/session/room-fanout.js';
import type { Socket } from '../../../server/transport/transport.js';
import type { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { promptDeflation } from '../../support/prompt-deflation.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';

const bug = new Error('a bug');

/** A reader on a room whose log the test decides. */
function reading({ after }: { after: () => Missed | Promise<Missed> }) {
  const clock = createFakeClock();
  const ends: SyncError[] = [];
  const room = {
    presence: undefined,
    fanout: {
      encoder: () => yWebsocketDialect.encoder(1),
      addWatcher() {},
      removeWatcher() {},
      add() {},
      remove() {},
    },
    catchUp: { after },
    progress: { cursor: 0, relayedOffset: 0 },
  } as unknown as Room<RoomFanout>;
  const socket = {
    isOpen: true,
    bufferedBytes: 0,
    cork: (run: () => void) => run(),
    send: () => 'sent',
  } as unknown as Socket;
  const writer = { ...serverWriter(), ended: (error: SyncError) => void ends.push(error), askAgain() {} };
  const deps = {
    clock,
    limits: defaultLimits,
    frames: new FrameCache(clock, new BoundedDeflation(promptDeflation)),
  };
  const reader = new Reader(deps, { dialect: yWebsocketDialect, room, socket, writer, inflates: false });
  reader.watch();
  return { reader, clock, ends };
}

describe('O1: an error of ours while no message of the client is handled ends its document alone', () => {
  it('once the store has been read', async () => {
    const later: ((missed: Missed) => void)[] = [];
    const read = (): Promise<Missed> => new Promise((resolve) => void later.push(resolve));
    const answers: (Missed | Promise<Missed>)[] = [read()];
    const { reader, ends } = reading({ after: () => answers.shift() ?? fail() });
    reader.resume({ updates: [], offset: 0 });
    expect(reader.isLive).toBe(false);
    later[0]?.({ updates: [], offset: 0 });
    await settled();
    expect(ends).toMatchObject([{ code: 'INTERNAL', cause: bug }]);
  });

  it('when it goes on from the log after it lagged', () => {
    const answers: Missed[] = [{ updates: [], offset: 0 }];
    const { reader, clock, ends } = reading({ after: () => answers.shift() ?? fail() });
    reader.resume({ updates: [], offset: 0 });
    expect(reader.isLive).toBe(true);
    reader.fallBack();
    clock.advance(0);
    expect(ends).toMatchObject([{ code: 'INTERNAL', cause: bug }]);
  });
});

function fail(): never {
  throw bug;
}
