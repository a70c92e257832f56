// One connection to a real server in memory: it comes, goes, and says why.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Connection,
  type Attached,
  type ConnectionDeps,
  type DocumentMessage,
} from '../../../client/connection/connection.js';
import { SyncError } from '../../../shared/errors.js';
import { Network } from '../../support/client-sockets.js';
import { nativePeer } from '../../support/native-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;
let network: Network;
let connection: Connection;
let tokens: string[];

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
  tokens = ['write'];
});

afterEach(async () => {
  connection.destroy();
  await server.run(10);
  await server.close();
});

function create(deps: Partial<ConnectionDeps> = {}): Connection {
  connection = new Connection({
    url: 'ws://server/',
    token: async () => tokens.at(-1)!,
    device: 'device',
    agent: 'test/1',
    openSocket: network.openSocket,
    clock: server.clock,
    random: () => 0.5,
    ...deps,
  });
  return connection;
}

/** Opens its document whenever it can, and keeps what it hears. */
class WatchedDocument implements Attached {
  readonly heard: DocumentMessage[] = [];
  readonly events: string[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  known(): { kind: 'nothing' } {
    return { kind: 'nothing' };
  }

  connected(): void {
    this.events.push('connected');
    connection.open(this);
  }

  disconnected(): void {
    this.events.push('disconnected');
  }

  hear(message: DocumentMessage): void {
    this.heard.push(message);
    this.events.push(message.type);
  }
}

describe('a connection', () => {
  it('opens when it is wanted, and greets', async () => {
    create();
    const states: string[] = [];
    connection.on('state', (state) => void states.push(state));
    await server.run(50);
    expect(network.attempts).toBe(0);
    connection.connect();
    await server.run(50);
    expect(states).toEqual(['asking', 'opening', 'greeting', 'open']);
    expect(connection.reason).toBeUndefined();
    connection.disconnect();
    await server.run(50);
    expect(connection.state).toBe('idle');
    expect(server.sessions.size).toBe(0);
  });

  it('carries many documents on one socket, and each hears its own', async () => {
    create();
    const [one, two] = [new WatchedDocument('one'), new WatchedDocument('two')];
    connection.attach(one);
    connection.connect();
    await server.run(50);
    connection.attach(two);
    await server.run(50);
    expect(network.attempts).toBe(1);
    expect(one.events).toEqual(['connected', 'opened', 'synced']);
    expect(two.events).toEqual(['connected', 'opened', 'synced']);
    expect(one.heard).not.toEqual(two.heard);
  });

  it('tells its documents that it is lost, and comes back to them', async () => {
    create();
    const document = new WatchedDocument('doc');
    connection.attach(document);
    connection.connect();
    await server.run(50);
    network.state = 'down';
    await server.run(20);
    expect(connection.state).toBe('waiting');
    expect(document.events.at(-1)).toBe('disconnected');
    await server.run(5_000, 50);
    const { attempts } = network;
    expect(attempts).toBeGreaterThan(2);
    expect(attempts).toBeLessThan(8);
    network.state = 'up';
    await server.run(10_000, 50);
    expect(connection.state).toBe('open');
    expect(document.events.slice(-3)).toEqual(['connected', 'opened', 'synced']);
  });

  it('K54: notices a half-open socket within ten seconds where something was said, and in the server’s time otherwise', async () => {
    create();
    connection.connect();
    await server.run(50);
    network.state = 'silent';
    await server.run(12_000, 100);
    expect(connection.state).toBe('open');
    connection.say({ type: 'token', token: 'write' });
    await server.run(10_000, 50);
    expect(connection.state).not.toBe('open');
    expect(connection.reason).toEqual({
      code: undefined,
      message: 'the server does not answer',
      closeCode: 1006,
      retry: 'backoff',
    });
  });

  it('tries again at once when it is nudged', async () => {
    create();
    network.state = 'down';
    connection.connect();
    await server.run(30_000, 100);
    expect(connection.state).toBe('waiting');
    network.state = 'up';
    connection.nudge();
    await server.run(20);
    expect(connection.state).toBe('open');
  });

  it('asks whether it still is one when it is nudged', async () => {
    create();
    connection.connect();
    await server.run(50);
    network.state = 'silent';
    connection.nudge();
    await server.run(4_100, 50);
    expect(connection.state).not.toBe('open');
  });

  it('A1: is blocked by a token that is not believed, until there is another', async () => {
    tokens.push('unknown');
    create();
    connection.connect();
    await server.run(60_000, 500);
    expect(connection.state).toBe('blocked');
    expect(connection.reason?.code).toBe('TOKEN_INVALID');
    expect(network.attempts).toBe(1);
    tokens.push('write');
    connection.renewed('write');
    await server.run(50);
    expect(connection.state).toBe('open');
  });

  it('N6: hands a new token in while it is open', async () => {
    const exp = server.clock.now() / 1000 + 3;
    server.bearers.byToken.set('short', { sub: 'ann', access: 'write', exp });
    server.bearers.byToken.set('long', { sub: 'ann', access: 'write', exp: exp + 60 });
    tokens.push('short');
    create();
    const ends: (number | undefined)[] = [];
    connection.on('authenticated', (expiresAt) => void ends.push(expiresAt));
    connection.connect();
    await server.run(50);
    connection.renewed('long');
    await server.run(5_000, 50);
    expect(ends).toEqual([exp, exp + 60]);
    expect(connection.state).toBe('open');
    expect(network.attempts).toBe(1);
  });

  it('K34: goes on with a token that was on its way when the one before it ended', async () => {
    const exp = server.clock.now() / 1000 + 3;
    server.bearers.byToken.set('short', { sub: 'ann', access: 'write', exp });
    server.bearers.byToken.set('long', { sub: 'ann', access: 'write', exp: exp + 60 });
    tokens.push('short');
    create();
    const refused: unknown[] = [];
    connection.on('ended', ({ code, retry }) => void refused.push(code, retry, connection.refusedToken));
    connection.connect();
    await server.run(50);
    tokens.push('long');
    connection.renewed('long');
    server.sessions.refuseAll(new SyncError('TOKEN_EXPIRED'));
    await server.run(20);
    expect(refused).toEqual(['TOKEN_EXPIRED', 'backoff', 'short']);
    await server.run(5_000, 50);
    expect(connection.state).toBe('open');
  });

  it('K34: says which token the server did not take', async () => {
    create();
    const refused: unknown[] = [];
    connection.on('token-wanted', () => void refused.push(connection.refusedToken));
    connection.connect();
    await server.run(50);
    for (const token of ['unknown', 'write', 'unknown too']) connection.renewed(token);
    await server.run(50);
    expect(refused).toEqual(['unknown', 'unknown too']);
  });

  it('K32: is over when it is destroyed', async () => {
    create();
    connection.connect();
    await server.run(50);
    connection.destroy();
    connection.connect();
    connection.renewed('write');
    connection.nudge();
    await server.run(1_000, 50);
    expect([connection.state, network.attempts]).toEqual(['idle', 1]);
  });

  it('A2: is blocked when its token expires', async () => {
    server.bearers.byToken.set('short', { access: 'write', exp: server.clock.now() / 1000 + 3 });
    tokens.push('short');
    create();
    connection.connect();
    await server.run(4_000, 50);
    expect(connection.state).toBe('blocked');
    expect(connection.reason?.code).toBe('TOKEN_EXPIRED');
  });

  it('N14: has its token before it opens a socket, and offers it there', async () => {
    const offered: (string | undefined)[] = [];
    let give = (_token: string): void => {};
    create({
      token: () => new Promise((resolve) => (give = resolve)),
      openSocket: (url, events, token) => {
        expect(url).toBe('ws://server/');
        offered.push(token);
        return network.openSocket(url, events);
      },
    });
    connection.connect();
    await server.run(20_000, 500);
    expect(connection.state).toBe('asking');
    expect(network.attempts).toBe(0);
    give('write');
    await server.run(50);
    expect(connection.state).toBe('open');
    expect(offered).toEqual(['write']);
  });

  it('a token that comes when nobody wants the connection any more opens nothing', async () => {
    const gives: ((token: string) => void)[] = [];
    create({ token: () => new Promise((resolve) => gives.push(resolve)) });
    connection.connect();
    connection.disconnect();
    gives[0]?.('write');
    await server.run(50);
    expect(connection.state).toBe('idle');
    connection.connect();
    connection.disconnect();
    connection.connect();
    gives[1]?.('unknown');
    await server.run(50);
    expect(connection.state).toBe('asking');
    gives[2]?.('write');
    await server.run(50);
    expect(connection.state).toBe('open');
    expect(network.attempts).toBe(1);
  });

  describe.each(['asking', 'opening', 'greeting'] as const)(
    'K9: a token that comes while it is %s',
    (when) => {
      it('is the one in use, and grants what the one before did not', async () => {
        server.bearers.byToken.set('poor', { sub: 'ann', access: 'none' });
        server.bearers.byToken.set('rich', { sub: 'ann', access: 'write' });
        tokens.push('poor');
        create();
        const document = new WatchedDocument('doc');
        connection.attach(document);
        const reasons: unknown[] = [];
        connection.on('ended', (reason) => void reasons.push(reason));
        connection.on('state', (state) => {
          if (state !== when || tokens.at(-1) === 'rich') return;
          tokens.push('rich');
          queueMicrotask(() => connection.renewed('rich'));
        });
        connection.connect();
        await server.run(100);
        expect(tokens.at(-1)).toBe('rich');
        expect(document.events).toEqual(['connected', 'opened', 'synced']);
        expect(reasons).toEqual([]);
      });

      it('is the one in use though the server does not believe the one before', async () => {
        tokens.push('unknown');
        create();
        connection.on('state', (state) => {
          if (state === when && tokens.at(-1) === 'unknown') {
            tokens.push('write');
            connection.renewed('write');
          }
        });
        connection.connect();
        await server.run(100);
        expect(connection.state).toBe('open');
        expect(connection.reason).toBeUndefined();
      });
    },
  );

  it('tries again later when there is no token to be had', async () => {
    let fails = true;
    create({
      token: async () => {
        if (fails) throw new Error('the identity provider is away');
        return 'write';
      },
    });
    connection.connect();
    await server.run(100);
    expect(connection.state).toBe('waiting');
    expect(connection.reason?.message).toBe('the identity provider is away');
    fails = false;
    await server.run(5_000, 50);
    expect(connection.state).toBe('open');
  });

  it('comes back after the server has sent it away', async () => {
    create();
    connection.connect();
    await server.run(50);
    server.sessions.refuseAll(new SyncError('DRAINING'));
    await server.run(20);
    expect(connection.state).toBe('waiting');
    expect(connection.reason?.code).toBe('DRAINING');
    await server.run(5_000, 50);
    expect(connection.state).toBe('open');
  });

  it('lets the server close what was let go of before it was open', async () => {
    create();
    const document = new WatchedDocument('doc');
    connection.connect();
    await server.run(50);
    connection.attach(document);
    connection.detach(document);
    await server.run(50);
    expect(document.heard).toEqual([]);
    expect(server.visitors.went.length).toBe(1);
  });

  it('knows the time of the server', async () => {
    create();
    connection.connect();
    await server.run(50);
    server.clock.setWall(server.clock.now() + 3_600_000);
    expect(connection.serverTimeOffset).toBe(0);
    await server.run(6_000, 50);
    expect(Math.abs(connection.serverTimeOffset)).toBeLessThan(10);
  });

  it('K16: tells how far the clock of this device is off, when that changes', async () => {
    const { clock } = server;
    create({ clock: { ...clock, now: () => clock.now() - 3_600_000 } });
    const told: number[] = [];
    connection.on('server-time-offset', (offsetMs) => void told.push(offsetMs));
    connection.connect();
    await server.run(50);
    expect(told).toEqual([connection.serverTimeOffset]);
    expect(Math.abs(connection.serverTimeOffset - 3_600_000)).toBeLessThan(10);
  });

  it('N18: ends the socket that the server has not missed yet, and goes on with the new one', async () => {
    create({ newSession: () => '0123456789abcdef' });
    connection.connect();
    await server.run(50);
    network.state = 'silent';
    await server.run(9_000, 50);
    network.state = 'up';
    await server.run(10_000, 50);
    expect(connection.state).toBe('open');
    expect(server.sessions.size).toBe(1);
  });

  it('N18: comes back as another session when its own is taken over', async () => {
    let made = 0;
    create({ newSession: () => `0123456789abcdef${++made}` });
    connection.connect();
    await server.run(50);
    const copy = await nativePeer(server, { session: '0123456789abcdef1' });
    expect(connection.state).toBe('waiting');
    expect(connection.reason).toMatchObject({ code: 'SESSION_MOVED', retry: 'backoff' });
    await server.run(5_000, 50);
    expect(connection.state).toBe('open');
    expect(copy.closed).toBeUndefined();
    expect(made).toBe(2);
  });
});
