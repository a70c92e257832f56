// Rule T2 for every state that the excepted socket of a publish can be in, for every kind of socket. Runs on a harness.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Socket, Transport } from '../../../server/transport/transport.js';
import { type Peer, RecordingServer } from './recording-server.js';
import type { ContractClient, ContractHarness } from './transport-contract.js';

const KiB = 1024;
const bytes = (value: string) => new Uint8Array(Buffer.from(value));

type Kind = 'WebSocket' | 'HTTP';

interface End {
  readonly client: ContractClient;
  readonly peer: Peer;
}

/** What a case does, in one turn, with the socket that the publish leaves out. */
interface Stage {
  readonly socket: Socket;
  /** Publishes the frame, leaving the socket out. */
  publish(): void;
  /** Sends to the socket until a frame is refused. */
  overflow(): void;
}

/** The state of the excepted socket at the moment of the publish. */
const states: Record<string, (stage: Stage) => void> = {
  open: ({ publish }) => publish(),
  corked: ({ socket, publish }) => socket.cork(publish),
  'cut off': ({ overflow, publish }) => {
    overflow();
    publish();
  },
  'cut off in a cork': ({ socket, overflow, publish }) => {
    socket.cork(() => {
      overflow();
      publish();
    });
  },
  'closing in a cork': ({ socket, publish }) => {
    socket.cork(() => {
      socket.close(4000, 'closing');
      publish();
    });
  },
  closed: ({ socket, publish }) => {
    socket.close(4000, 'closed');
    publish();
  },
  terminated: ({ socket, publish }) => {
    socket.terminate();
    publish();
  },
  'terminated in a cork': ({ socket, publish }) => {
    socket.cork(() => {
      socket.terminate();
      publish();
    });
  },
  'never subscribed': ({ socket, publish }) => {
    socket.unsubscribe('t');
    publish();
  },
  'subscribed to another topic': ({ socket, publish }) => {
    socket.unsubscribe('t');
    socket.subscribe('u');
    publish();
  },
};

/** Bytes of the published frame: one that the binary collects, and one that it writes at once. */
const sizes = { small: 100, big: 40 * KiB };

/** Declares the suite for one transport. */
export function describePublish(name: string, createHarness: () => ContractHarness): void {
  describe(`publish contract: ${name}`, () => {
    let harness: ContractHarness;
    let server: RecordingServer;
    let transport: Transport;

    async function join(kind: Kind, ...topics: string[]): Promise<End> {
      const before = server.peers.length;
      const client = kind === 'HTTP' ? await harness.connectOverHttp() : await harness.connect();
      if ('status' in client) throw new Error(`refused with ${client.status}`);
      await harness.until(() => server.peers.length > before);
      const peer = server.peers[before]!;
      for (const topic of topics) peer.socket.subscribe(topic);
      return { client, peer };
    }

    beforeEach(() => {
      harness = createHarness();
      server = new RecordingServer();
    });

    afterEach(() => harness.stop());

    const kinds: readonly Kind[] = ['WebSocket', 'HTTP'];
    const moments = ['in its own frame', 'in between'] as const;
    const cases = kinds.flatMap((kind) =>
      moments.flatMap((moment) => Object.keys(states).map((state) => [kind, moment, state] as const)),
    );

    test.each(cases)(
      'T2 a publish that leaves out a socket (%s, %s, %s) reaches every other one once',
      async (kind, moment, state) => {
        transport = await harness.start(server, { maxBufferedBytes: 256 * KiB });
        const others = [await join('WebSocket', 't'), await join('HTTP', 't')];
        const { client, peer } = await join(kind, 't');
        const { socket } = peer;
        const filler = new Uint8Array(64 * KiB).fill(46);
        let isOverflowed = false;
        const overflow = (): void => {
          for (let sent = 0; sent < 4000 && !isOverflowed; sent++)
            isOverflowed = socket.send(filler) === 'dropped';
          expect(isOverflowed).toBe(true);
        };
        const publish = (): void => {
          for (const [size, length] of Object.entries(sizes))
            transport.publish('t', bytes(`${size}:`.padEnd(length)), socket);
        };
        const run = (): void => states[state]!({ socket, publish, overflow });
        if (state.startsWith('cut off')) client.stopReading();
        if (moment === 'in between') run();
        else {
          server.onMessage = run;
          client.send(bytes('go'));
          await harness.until(() => peer.messages.length === 1);
        }
        transport.publish('t', bytes('end:'));
        client.resumeReading();
        const names = (end: ContractClient): string[] =>
          end.frames.map((frame) => Buffer.from(frame.subarray(0, 10)).toString().split(':')[0]!);
        await harness.until(() => others.every((other) => names(other.client).at(-1) === 'end'));
        await harness.settle();
        for (const other of others) expect(names(other.client)).toEqual(['small', 'big', 'end']);
        const isReached = state === 'open' || state === 'corked';
        await harness.until(() => !isReached || names(client).includes('end'));
        expect(names(client).filter((frame) => !frame.startsWith('..'))).toEqual(isReached ? ['end'] : []);
        // After the first refused frame nothing more reaches a socket, and its handler is told once (T5).
        if (!isOverflowed) return;
        await harness.until(() => peer.events.length > 2 || peer.events.at(-1) === 'closed 1006');
        const told = peer.events.filter((event) => event !== 'message' && event !== 'drained');
        expect(told).toEqual(['dropped', 'closed 1006']);
      },
    );
  });
}
