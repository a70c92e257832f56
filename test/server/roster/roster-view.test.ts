// A client that watches a roster and does not read for a while.

import { describe, expect, it } from 'vitest';
import { RosterView } from '../../../server/session/roster-view.js';
import { Outbox } from '../../../server/session/outbox.js';
import { Rosters } from '../../../server/roster/rosters.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { decodeServerFrame } from '../../../shared/native/frame.js';
import type { Socket } from '../../../server/transport/transport.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';

const document = parseDocumentName('a');
const claims = { sub: 'ada', payload: {} };

describe('a client that does not read', () => {
  it('P14: is told in one frame what it has missed, when it reads again', async () => {
    const clock = createFakeClock();
    const limits = defaultLimits;
    const deps = { store: createMemoryStore(), clock, limits, logger: silentLogger, userClaims: [] };
    const rosters = await Rosters.open(deps);
    const socket = { bufferedBytes: 0, sent: [] as string[] };
    const send = (frame: Uint8Array): void => {
      for (const message of decodeServerFrame(frame))
        if (message.type === 'roster')
          socket.sent.push(
            `${message.kind}: ${message.people.map(({ user, devices }) => user + devices).join()}`,
          );
    };
    const host = {
      socket: Object.assign(socket, { send, cork: (run: () => void) => run() }) as unknown as Socket,
      refuse() {},
    };
    const outbox = new Outbox(host, { clock, limits });
    const view = new RosterView(
      { clock, rosters, maySeeRoster: () => true },
      { host: { outbox, rights: { claims } }, name: document, document: 1 },
    );
    const pass = async (): Promise<void> => {
      await settled();
      clock.advance(1_000);
    };
    const come = (sub: string): (() => void) => {
      const visitor = { connectionId: `c-${sub}`, claims: { sub, payload: {} } };
      const stay = rosters.enter(visitor, document, () => true)!;
      return () => rosters.leave(stay);
    };
    view.watch(true);
    await pass();
    const go = come('bob');
    await pass();
    expect(socket.sent.splice(0)).toEqual(['whole: ', 'change: bob1']);
    socket.bufferedBytes = limits.softBufferedBytes + 1;
    come('eve');
    await pass();
    go();
    await pass();
    come('kim');
    await pass();
    expect(socket.sent).toEqual([]);
    socket.bufferedBytes = 0;
    outbox.drained();
    expect(socket.sent.splice(0)).toEqual(['change: eve1,bob0,kim1']);
    view.close();
    come('lea');
    await pass();
    expect(socket.sent).toEqual([]);
    await rosters.close();
  });
});
