// Real Awarenesses of y-protocols, each behind a connection and a wire that takes its time, around one Presence.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { Presence } from '../../server/room/presence.js';
import { defaultLimits } from '../../shared/limits.js';
import type { FakeClock } from './fake-clock.js';
import type { Random } from './histories.js';
import { WatchedWriter } from './room-watch.js';

interface Changed {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

export interface AwarenessClientOptions {
  readonly sub?: string | undefined;
  /** Repeats all it hears, as y-websocket's clients do; our own client repeats only its own id. Default true. */
  readonly repeats?: boolean;
}

/** A client, its connection and the wire in between, which keeps the order and takes its time. Its timers stand still. */
export class AwarenessClient {
  readonly awareness: Awareness;
  /** What it said last of itself. */
  said: unknown;
  messages = 0;
  writer: WatchedWriter | undefined;
  /** The connection is dead, and neither side knows. */
  isCut = false;
  /** The page is stopped by the browser: what it hears waits, and its timers do not run. */
  isStopped = false;
  readonly #unheard: Uint8Array[] = [];
  /** What its Awareness does every 3 s: renews its own state, and forgets who has not been renewed. */
  readonly runTimer: () => void;
  readonly #room: SimulatedRoom;
  readonly #options: AwarenessClientOptions;
  #down = 0;
  #up = 0;

  constructor(room: SimulatedRoom, clientId: number, options: AwarenessClientOptions = {}) {
    this.#room = room;
    this.#options = options;
    room.made.push(this);
    const doc = new Y.Doc();
    doc.clientID = clientId;
    const { awareness, runTimer } = withoutTimer(() => new Awareness(doc));
    this.awareness = awareness;
    this.runTimer = runTimer;
    this.said = {};
    awareness.on('update', ({ added, updated, removed }: Changed, origin: unknown) => {
      if (origin === 'local') this.said = awareness.getLocalState();
      const ids = [...added, ...updated, ...removed];
      const { repeats = true } = this.#options;
      this.#send(repeats ? ids : ids.filter((id) => id === clientId));
    });
  }

  get clientId(): number {
    return this.awareness.clientID;
  }

  connect(): void {
    const writer = new WatchedWriter({ sub: this.#options.sub });
    this.writer = writer;
    this.#room.clients.add(this);
    this.#room.presence.join(writer);
    for (const frame of this.#room.presence.encodeAll(writer)) this.hear(frame);
    if (this.awareness.getLocalState() !== null) this.#send([this.clientId]);
  }

  /** The connection ends; both sides see it at once. Peers are forgotten, as the provider does. */
  disconnect(): void {
    const { writer } = this;
    if (writer === undefined) return;
    this.writer = undefined;
    this.#room.clients.delete(this);
    this.#room.presence.leave(writer);
    for (const clientId of this.awareness.getStates().keys()) {
      if (clientId !== this.clientId) this.awareness.states.delete(clientId);
    }
  }

  hear(update: Uint8Array): void {
    const { writer } = this;
    this.#down = this.#room.deliver(this.#down, () => {
      if (writer !== this.writer || this.isCut) return;
      if (this.isStopped) this.#unheard.push(update);
      else applyAwarenessUpdate(this.awareness, update, 'server');
    });
  }

  /** The page goes on where it was stopped. */
  goOn(): void {
    this.isStopped = false;
    this.runTimer();
    for (const update of this.#unheard.splice(0)) applyAwarenessUpdate(this.awareness, update, 'server');
  }

  #send(clientIds: number[]): void {
    const { writer } = this;
    if (writer === undefined || clientIds.length === 0) return;
    this.messages++;
    const update = encodeAwarenessUpdate(this.awareness, clientIds);
    this.#up = this.#room.deliver(this.#up, () => {
      if (writer === this.writer && !this.isCut) this.#room.presence.receive(writer, update);
    });
  }
}

export class SimulatedRoom {
  readonly clients = new Set<AwarenessClient>();
  /** All that ever were. */
  readonly made: AwarenessClient[] = [];
  readonly presence: Presence;
  /** Messages on their way. */
  inFlight = 0;
  /** Frames that the server has sent to everybody. */
  frames = 0;
  readonly #clock: FakeClock;
  readonly #random: Random;

  constructor(clock: FakeClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.presence = new Presence({
      clock,
      limits: defaultLimits,
      tell: (update, except) => {
        this.frames++;
        for (const client of this.clients)
          if (client.writer !== except || except === undefined) client.hear(update);
      },
    });
  }

  /** After some time, but not before what went the same way earlier. Returns when. */
  deliver(notBefore: number, run: () => void): number {
    const now = this.#clock.monotonic();
    const at = Math.max(notBefore, now + 1 + this.#random.int(80));
    this.inFlight++;
    this.#clock.after(at - now, () => {
      this.inFlight--;
      run();
    });
    return at;
  }

  close(): void {
    this.presence.close();
    for (const client of this.made) {
      client.disconnect();
      client.awareness.destroy();
    }
  }
}

/** An Awareness whose timer is the test's to run. */
function withoutTimer(make: () => Awareness): { awareness: Awareness; runTimer: () => void } {
  const { setInterval } = globalThis;
  let runTimer = (): void => {};
  globalThis.setInterval = ((run: () => void) => {
    runTimer = run;
    return undefined;
  }) as unknown as typeof setInterval;
  try {
    const awareness = make();
    return { awareness, runTimer };
  } finally {
    globalThis.setInterval = setInterval;
  }
}
