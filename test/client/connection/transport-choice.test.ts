// Which way is tried when: sockets that do what the test says, on a clock that stands still.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientSocket, OpenSocket, SocketEvents } from '../../../client/connection/socket.js';
import { openBeside } from '../../../client/connection/beside.js';
import { TransportChoice } from '../../../client/connection/transport-choice.js';
import { encodeServerFrame } from '../../../shared/native/frame.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

const welcome = encodeServerFrame({
  type: 'welcome',
  version: 1,
  serverTime: 0,
  expiresAt: 0,
  maxSilenceMs: 60_000,
  server: 'server',
  run: 'run',
  user: '',
  limits: {},
});

/** Sockets of one kind, all of which do the same. */
class Way {
  /** opens: and the server is heard. mute: it opens, and nothing is heard. hangs: nothing happens. */
  does: 'opens' | 'mute' | 'fails' | 'hangs' = 'opens';
  asked = 0;
  readonly tokens: (string | undefined)[] = [];
  /** Sockets that are not closed. */
  readonly open = new Set<SocketEvents>();

  readonly openSocket: OpenSocket = (_url, events, token) => {
    this.asked++;
    this.tokens.push(token);
    this.open.add(events);
    const { does } = this;
    queueMicrotask(() => {
      if (!this.open.has(events)) return;
      if (does === 'fails') this.end(events, 1006, '');
      if (does === 'fails' || does === 'hangs') return;
      events.opened();
      if (does === 'opens') events.frame(welcome);
    });
    return {
      send() {},
      bufferedBytes: 7,
      close: () => void this.open.delete(events),
    };
  };

  end(events: SocketEvents, code: number, reason: string): void {
    if (this.open.delete(events)) events.closed(code, reason);
  }

  endAll(code = 1006, reason = ''): void {
    for (const events of this.open) this.end(events, code, reason);
  }
}

let clock: FakeClock;
let webSocket: Way;
let http: Way;
let choice: TransportChoice;
let upgrades: number;

beforeEach(() => {
  clock = createFakeClock();
  [webSocket, http] = [new Way(), new Way()];
  upgrades = 0;
  create();
});

afterEach(() => {
  choice.destroy();
  webSocket.endAll();
  http.endAll();
  if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`);
});

function create(isWithHttp = true): void {
  const deps = { webSocket: webSocket.openSocket, clock, random: () => 0.5 };
  choice = new TransportChoice({ ...deps, http: isWithHttp ? http.openSocket : undefined });
  choice.on('trial', ({ openSocket, ended }) => {
    const deps = { clock, openSocket, url: 'ws://server/', token: 'trial', hello: Uint8Array.of(0) };
    openBeside(deps, (welcomed) => {
      if (welcomed !== undefined) upgrades++;
      ended(welcomed !== undefined);
    });
  });
}

async function run(ms: number, stepMs = 500): Promise<void> {
  await Promise.resolve();
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await Promise.resolve();
    await Promise.resolve();
  }
}

/** One attempt as a connection makes it: says hello when it is open. */
class Attempt {
  readonly told: string[] = [];
  readonly socket: ClientSocket;

  constructor() {
    this.socket = choice.openSocket('ws://server/', {
      opened: () => {
        this.told.push('opened');
        this.socket.send(Uint8Array.of(0));
      },
      frame: () => void this.told.push('frame'),
      closed: (code, reason) => void this.told.push(`closed ${code} ${reason}`),
    });
  }

  get isOpen(): boolean {
    return this.told.join() === 'opened,frame';
  }
}

async function attempt(ms = 10): Promise<Attempt> {
  const made = new Attempt();
  await run(ms);
  return made;
}

/** So many attempts, each let go of, and how each was made: w or h. */
async function kinds(count: number): Promise<string> {
  let all = '';
  for (let i = 0; i < count; i++) {
    const { socket } = await attempt();
    all += choice.current[0];
    socket.close();
  }
  return all;
}

/** Over HTTP, because WebSockets fail. */
async function overHttp(): Promise<Attempt> {
  webSocket.does = 'fails';
  await kinds(2);
  const made = await attempt();
  expect([choice.current, made.isOpen]).toEqual(['http', true]);
  return made;
}

describe('the choice', () => {
  it('X7: is the WebSocket as long as it works, and nothing else is asked', async () => {
    expect(await kinds(5)).toBe('wwwww');
    const { socket } = await attempt();
    expect(socket.bufferedBytes).toBe(7);
    await run(3_600_000, 60_000);
    expect([http.asked, webSocket.open.size]).toEqual([0, 1]);
  });

  it('X7: is HTTP after two WebSockets that failed before the server was heard', async () => {
    webSocket.does = 'fails';
    expect(await kinds(5)).toBe('wwhhh');
    // What was told is what happened.
    const { told } = await attempt();
    expect(told).toEqual(['opened', 'frame']);
  });

  it('X7: goes to and fro while neither works, and finds either that does again', async () => {
    webSocket.does = 'fails';
    http.does = 'fails';
    expect(await kinds(9)).toBe('wwhwwhwwh');
    webSocket.does = 'opens';
    expect(await kinds(2)).toBe('ww');
    choice.destroy();
    create();
    webSocket.does = 'fails';
    expect(await kinds(6)).toBe('wwhwwh');
    http.does = 'opens';
    expect(await kinds(4)).toBe('wwhh');
  });

  it('X7: is slower to suspect WebSockets once one has worked', async () => {
    await kinds(1);
    webSocket.does = 'fails';
    expect(await kinds(6)).toBe('wwwwhh');
  });

  it('X7: a WebSocket that worked in between starts the count again', async () => {
    webSocket.does = 'fails';
    await kinds(1);
    webSocket.does = 'opens';
    await kinds(1);
    webSocket.does = 'fails';
    expect(await kinds(5)).toBe('wwwwh');
  });

  it('X7: the end of one that worked, or a refusal of the server, says nothing against it', async () => {
    for (let i = 0; i < 6; i++) {
      await attempt();
      webSocket.endAll(1006);
    }
    webSocket.does = 'mute';
    for (let i = 0; i < 6; i++) {
      const { told } = await attempt();
      webSocket.endAll(4401, 'TOKEN_INVALID');
      expect(told).toEqual(['opened', 'closed 4401 TOKEN_INVALID']);
    }
    expect([choice.current, http.asked]).toEqual(['websocket', 0]);
  });

  it('X7: an opening that takes more than 4 s is given up where HTTP works', async () => {
    webSocket.does = 'hangs';
    const slow = await attempt(3_900);
    expect([http.asked, slow.told]).toEqual([0, []]);
    await run(500);
    expect(slow.told).toEqual(['closed 1006 WebSockets do not work here']);
    // Asked, and let go of.
    expect([http.asked, http.open.size, webSocket.open.size]).toEqual([1, 0, 0]);
    expect(await kinds(1)).toBe('h');
  });

  it('X7: and is waited for where HTTP does not work either', async () => {
    webSocket.does = 'hangs';
    http.does = 'hangs';
    const slow = await attempt(16_000);
    expect([slow.told, http.open.size]).toEqual([[], 0]);
    slow.socket.close();
    expect(await kinds(1)).toBe('w');
  });

  it('X7: and if it opens while HTTP is asked, it is taken', async () => {
    webSocket.does = 'hangs';
    http.does = 'hangs';
    const slow = await attempt(5_000);
    const [events] = webSocket.open;
    events!.opened();
    events!.frame(Uint8Array.of(1));
    expect([slow.isOpen, http.open.size, http.asked]).toEqual([true, 0, 1]);
  });

  it('X7: WebSockets that open and let nothing through are not taken for good', async () => {
    webSocket.does = 'mute';
    for (let i = 0; i < 2; i++) {
      const { socket } = await attempt(15_000);
      socket.close();
    }
    expect(await kinds(1)).toBe('h');
    // Nor is HTTP.
    http.does = 'mute';
    const { socket } = await attempt(15_000);
    socket.close();
    expect(await kinds(1)).toBe('w');
  });

  it('X7: one that opens and lets nothing through for 4 s is given up where HTTP works', async () => {
    webSocket.does = 'mute';
    const mute = await attempt(4_500);
    expect(mute.told).toEqual(['opened', 'closed 1006 WebSockets do not work here']);
    expect(await kinds(1)).toBe('h');
  });

  it('X7: one that was let go of early says nothing', async () => {
    webSocket.does = 'hangs';
    for (let i = 0; i < 5; i++) (await attempt(1_000)).socket.close();
    webSocket.does = 'mute';
    for (let i = 0; i < 5; i++) (await attempt(1_000)).socket.close();
    expect([choice.current, http.asked]).toEqual(['websocket', 0]);
  });

  it('X7: without HTTP it is always the WebSocket', async () => {
    create(false);
    webSocket.does = 'fails';
    expect(await kinds(6)).toBe('wwwwww');
    webSocket.does = 'hangs';
    (await attempt(20_000)).socket.close();
  });
});

describe('over HTTP', () => {
  it('X8: a WebSocket is tried beside after a minute, then more and more seldom', async () => {
    await overHttp();
    const at: number[] = [];
    const start = clock.monotonic();
    for (let before = webSocket.asked; clock.monotonic() - start < 4 * 3_600_000;) {
      await run(1_000, 1_000);
      if (webSocket.asked === before) continue;
      before = webSocket.asked;
      at.push(Math.round((clock.monotonic() - start) / 60_000));
    }
    expect(at).toEqual([1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211]);
    expect([upgrades, webSocket.open.size, http.open.size]).toEqual([0, 0, 1]);
  });

  it('X9: when the server is heard on it, the connection goes on with it', async () => {
    const { socket, told } = await overHttp();
    webSocket.does = 'opens';
    await run(70_000, 1_000);
    expect([upgrades, choice.current, webSocket.open.size]).toEqual([1, 'websocket', 1]);
    expect(told).toEqual(['opened', 'frame']);
    socket.close();
    await run(3_600_000, 60_000);
    expect(upgrades).toBe(1);
    webSocket.endAll();
    expect(await kinds(1)).toBe('w');
  });

  it('X8: after a WebSocket that worked, the times begin anew', async () => {
    let { socket } = await overHttp();
    await run(20 * 60_000, 1_000);
    webSocket.does = 'opens';
    await run(20 * 60_000, 1_000);
    socket.close();
    expect(await kinds(1)).toBe('w');
    webSocket.does = 'fails';
    expect(await kinds(4)).toBe('wwww');
    ({ socket } = await attempt());
    // Soon, as the server was away rather than the WebSocket: after 1 s, 2 s more, 4 s more.
    const { asked } = webSocket;
    await run(1_000, 100);
    expect(webSocket.asked).toBe(asked + 1);
    await run(2_100, 100);
    expect(webSocket.asked).toBe(asked + 2);
    webSocket.does = 'opens';
    await run(4_100, 100);
    expect([webSocket.asked, upgrades]).toEqual([asked + 3, 2]);
    socket.close();
  });

  it('X8: one that hangs is given up, and tried again later', async () => {
    await overHttp();
    webSocket.does = 'hangs';
    await run(65_000, 1_000);
    expect(webSocket.open.size).toBe(1);
    await run(10_000, 1_000);
    expect([webSocket.open.size, upgrades]).toEqual([0, 0]);
    webSocket.does = 'opens';
    await run(130_000, 1_000);
    expect(upgrades).toBe(1);
  });

  it('X8: a connection that is lost and comes back does not put it off', async () => {
    await overHttp();
    const { asked } = webSocket;
    for (let i = 0; i < 2; i++) {
      await run(25_000, 1_000);
      http.endAll();
      await attempt();
    }
    expect(webSocket.asked).toBe(asked);
    http.endAll();
    await run(15_000, 1_000);
    webSocket.does = 'opens';
    // It was due while there was no connection.
    await attempt();
    await run(10);
    expect(upgrades).toBe(1);
  });

  it('X9: one that opens and lets nothing through is given up, and the connection stays as it is', async () => {
    const { socket, told } = await overHttp();
    const { asked } = webSocket;
    webSocket.does = 'mute';
    await run(80_000, 1_000);
    expect([webSocket.asked, webSocket.open.size]).toEqual([asked + 1, 0]);
    await run(3_600_000, 1_000);
    expect([upgrades, choice.current, told]).toEqual([0, 'http', ['opened', 'frame']]);
    socket.close();
    expect(await kinds(1)).toBe('h');
  });

  it('N14: an attempt has the token, and a WebSocket that is tried beside has the one in use', async () => {
    webSocket.does = 'fails';
    const open = (): unknown =>
      choice.openSocket('ws://server/', { opened() {}, frame() {}, closed() {} }, 'token');
    for (let i = 0; i < 3; i++) {
      open();
      await run(10);
    }
    await run(120_000, 1_000);
    expect(webSocket.tokens.length).toBeGreaterThan(2);
    expect(webSocket.tokens.slice(0, 2)).toEqual(['token', 'token']);
    expect(webSocket.tokens.slice(2).every((token) => token === 'trial')).toBe(true);
    expect(http.tokens).toEqual(['token']);
  });

  it('X7, K9: a socket over HTTP that is let go of at once, for a newer token, does not count against HTTP', async () => {
    const { socket: before } = await overHttp();
    before.close();
    http.does = 'mute';
    const first = await attempt();
    first.socket.close();
    const { socket } = await attempt();
    expect(choice.current).toBe('http');
    socket.close();
  });

  it('X8: nothing is tried while the connection is not open, nor after the end', async () => {
    const { socket } = await overHttp();
    socket.close();
    const { asked } = webSocket;
    await run(3_600_000, 60_000);
    expect([webSocket.asked, clock.pending]).toEqual([asked, 0]);
    webSocket.does = 'hangs';
    await attempt();
    expect(webSocket.open.size).toBe(1);
    choice.destroy();
    await run(10_000);
    expect([webSocket.open.size, clock.pending]).toEqual([0, 0]);
    await run(3_600_000, 60_000);
    expect(webSocket.asked).toBe(asked + 1);
  });

  it('X8: the times differ from page to page', async () => {
    const firsts = [0, 0.999].map((random) => {
      const own = createFakeClock();
      const [ws, over] = [new Way(), new Way()];
      const one = new TransportChoice({
        webSocket: ws.openSocket,
        http: over.openSocket,
        clock: own,
        random: () => random,
      });
      one.on('trial', ({ openSocket }) => {
        openSocket('ws://server/', { opened() {}, frame() {}, closed() {} });
      });
      return { own, ws, over, one };
    });
    const at: number[] = [];
    for (const { own, ws, one } of firsts) {
      ws.does = 'fails';
      for (let i = 0; i < 3; i++) {
        one.openSocket('ws://server/', { opened() {}, frame() {}, closed() {} });
        await Promise.resolve();
      }
      const before = ws.asked;
      while (ws.asked === before) own.advance(1_000);
      at.push(own.monotonic());
      one.destroy();
    }
    expect(at).toEqual([45_000, 75_000]);
  });
});
