// What a server sends and writes for a load that is the same to the letter each time: sessions, rooms and the store as
// they are, a transport in memory and a clock that is moved by hand, so that nothing depends on the machine.

import * as Y from 'yjs';
import { makePeopleScript } from '../../../bench/input/people.js';
import type { Script } from '../../../bench/input/script.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { MemoryPeer } from '../../support/memory-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openCountedStore, type CountedStore } from './counted-store.js';

export interface RoomLoad {
  readonly rooms: number;
  /** In each room. */
  readonly writers: number;
  readonly readers: number;
  /** Between two updates, over all rooms, ms. */
  readonly everyMs: number;
  readonly updates: number;
  /** Whether the server has no time to spare. Default false. */
  readonly isBusy?: boolean;
}

/** Per delivery: one update at one participant, its writer included. Per update: one that was sent. */
export interface RoomCounts {
  readonly framesPerDelivery: number;
  readonly bytesPerDelivery: number;
  readonly publishesPerUpdate: number;
  readonly batchesPerUpdate: number;
  readonly storedBytesPerUpdate: number;
}

/** Runs the load. Throws when somebody has not got everything in the end. */
export async function countRooms(load: RoomLoad): Promise<RoomCounts> {
  const clock = createFakeClock();
  const disk = await openCountedStore(clock);
  const server = createSessionServer({
    clock,
    registry: { store: disk.store, isBusy: () => load.isBusy ?? false },
  });
  try {
    return await new Counting(server, disk, load).run();
  } finally {
    await server.close();
    await disk.remove();
  }
}

interface Room {
  readonly script: Script;
  readonly peers: readonly MemoryPeer[];
}

class Counting {
  readonly #server: SessionServer;
  readonly #disk: CountedStore;
  readonly #load: RoomLoad;
  #publishes = 0;

  constructor(server: SessionServer, disk: CountedStore, load: RoomLoad) {
    this.#server = server;
    this.#disk = disk;
    this.#load = load;
    const { transport } = server;
    const publish = transport.publish.bind(transport);
    transport.publish = (...given) => {
      this.#publishes++;
      publish(...given);
    };
  }

  async run(): Promise<RoomCounts> {
    const { updates, rooms, writers, readers } = this.#load;
    const all: Room[] = [];
    for (let room = 0; room < rooms; room++) all.push(await this.#open(room));
    await this.#pass(100);
    const peers = all.flatMap((room) => room.peers);
    for (const { end } of peers) end.received.length = 0;
    this.#disk.reset();
    this.#publishes = 0;
    await this.#type(all);
    await this.#pass(200);
    for (const room of all) expectDelivered(room);
    const frames = peers.flatMap(({ end }) => end.received);
    const deliveries = updates * (writers + readers);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    for (const peer of peers) peer.destroy();
    return {
      framesPerDelivery: frames.length / deliveries,
      bytesPerDelivery: bytes / deliveries,
      publishesPerUpdate: this.#publishes / updates,
      batchesPerUpdate: this.#disk.written.batches / updates,
      storedBytesPerUpdate: this.#disk.written.bytes / updates,
    };
  }

  async #open(room: number): Promise<Room> {
    const { rooms, writers, readers, updates } = this.#load;
    const updatesPerWriter = Math.ceil(updates / (rooms * writers));
    const script = makePeopleScript({ writers, updatesPerWriter, seed: room + 1, baseBytes: 2_000 });
    const peers = Array.from(
      { length: writers + readers },
      () => new MemoryPeer(this.#server.transport, { path: `/room-${room}`, isPresent: false }),
    );
    await this.#pass(10);
    peers[0]!.update(script.base);
    await this.#pass(40);
    return { script, peers };
  }

  /** Rooms and writers take turns. */
  async #type(rooms: readonly Room[]): Promise<void> {
    const { writers, updates, everyMs } = this.#load;
    for (let sent = 0; sent < updates; sent++) {
      const { script, peers } = rooms[sent % rooms.length]!;
      const round = Math.floor(sent / rooms.length);
      const writer = round % writers;
      peers[writer]!.update(script.writers[writer]!.updates[Math.floor(round / writers)]!.update);
      await this.#pass(everyMs);
    }
  }

  /** Time goes on in small steps; the disk is waited for in each, so that commits end when the clock says. */
  async #pass(ms: number): Promise<void> {
    const { clock } = this.#server;
    const stepMs = Math.min(ms, 2);
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.#settle();
      clock.advance(stepMs);
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    do await this.#server.transport.settle();
    while (this.#disk.underWay > 0);
  }
}

function expectDelivered({ script, peers }: Room): void {
  const all = script.writers.flatMap(({ updates }) => updates.map(({ update }) => update));
  const expected = new Y.Doc();
  for (const update of [script.base, ...all]) Y.applyUpdate(expected, update);
  const whole = Buffer.from(Y.encodeStateAsUpdate(expected));
  for (const { doc, closed } of peers) {
    if (closed !== undefined) throw new Error(`a participant was sent away: ${closed.reason}`);
    if (!whole.equals(Y.encodeStateAsUpdate(doc))) throw new Error('a participant has not got everything');
  }
}
