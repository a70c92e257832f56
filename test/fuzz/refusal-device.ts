// One client in the world of refusals: a document that is loaded from elsewhere again and again, on a connection that comes
// and goes, with what it has made and who waits for it.

import * as Y from 'yjs';
import { Connection } from '../../client/connection/connection.js';
import { SyncedDoc } from '../support/synced-doc.js';
import type { Access } from '../../shared/permission.js';
import { wideClientId } from '../support/client-ids.js';
import { Network } from '../support/client-sockets.js';
import type { FakeClock } from '../support/fake-clock.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { makeEdit, type Edit } from './device-edits.js';
import { documentName, type MortalServer } from './mortal-server.js';

export interface RefusalDeps {
  readonly clock: FakeClock;
  readonly server: MortalServer;
  readonly random: SeededRandom;
  /** Told all that any document gets, before Yjs forgets what is deleted. */
  readonly made: (update: Uint8Array) => void;
}

/** Somebody who waits for the sync of what was made before. */
interface Waiting {
  readonly edits: readonly Edit[];
  readonly pictures: readonly string[];
  end: 'resolved' | Error | undefined;
}

let pictures = 0;

export class RefusalDevice {
  readonly name: string;
  readonly network: Network;
  readonly edits: Edit[] = [];
  /** Keys of values that are too large. */
  readonly pictures: string[] = [];
  waiting: Waiting[] = [];
  access: Access = 'write';
  doc!: Y.Doc;
  sync!: SyncedDoc;
  readonly #deps: RefusalDeps;
  #connection!: Connection;

  constructor(name: string, deps: RefusalDeps) {
    this.name = name;
    this.#deps = deps;
    this.network = new Network(() => deps.server.process.transport);
    this.#open(new Uint8Array([0, 0]));
  }

  /** Nothing that is here waits or was refused, by its own word. */
  get isInSync(): boolean {
    const { phase, unsynced, unsyncedBytes, refusedBytes } = this.sync;
    return phase === 'synced' && unsynced + unsyncedBytes + refusedBytes === 0;
  }

  edit(): void {
    this.edits.push(makeEdit(this.doc, this.#deps.random));
  }

  format(): void {
    const { random } = this.#deps;
    const text = this.doc.getText('rich');
    if (text.length < 5) text.insert(0, 'some words of a text ');
    const at = random.int(text.length - 4);
    if (random.chance(0.2)) text.delete(at, 2);
    else
      text.format(at, 1 + random.int(4), {
        [random.pick(['bold', 'code'])]: random.pick([true, true, null]),
      });
  }

  /** What the server never takes. */
  enlarge(): void {
    const key = `picture ${++pictures}`;
    this.pictures.push(key);
    if (this.#deps.random.chance(0.5)) this.doc.getMap('map').set(key, new Uint8Array(30_000));
    else this.doc.getMap('map').set(key.padEnd(2_000, '.'), 1);
  }

  turn(access: Access): void {
    this.access = access;
    this.allow();
    this.#connection.renewed(this.name);
  }

  /** The server knows of it. */
  allow(): void {
    const { server } = this.#deps;
    if (server.isUp) server.process.bearers.byToken.set(this.name, { sub: this.name, access: this.access });
  }

  wait(): void {
    const one: Waiting = { edits: [...this.edits], pictures: [...this.pictures], end: undefined };
    this.waiting.push(one);
    this.sync.synced().then(
      () => (one.end = 'resolved'),
      (error: unknown) => (one.end = error as Error),
    );
  }

  /** The program ends, and another one loads the document from elsewhere, with what others have, knowing nothing else. */
  reload(others: readonly Y.Doc[] = []): void {
    this.destroy();
    this.waiting = [];
    this.#open(Y.mergeUpdates([this.doc, ...others].map((doc) => Y.encodeStateAsUpdate(doc))));
  }

  destroy(): void {
    this.sync.destroy();
    this.#connection.destroy();
  }

  #open(content: Uint8Array): void {
    const { clock, random, made } = this.#deps;
    this.doc = new Y.Doc();
    this.doc.clientID = wideClientId(random.uint32());
    Y.applyUpdate(this.doc, content);
    this.doc.on('update', made);
    const fraction = (): number => random.uint32() / 2 ** 32;
    this.#connection = new Connection({
      url: 'ws://server/',
      token: async () => this.name,
      device: this.name,
      agent: 'test/1',
      openSocket: (url, events, token) => {
        if (this.#deps.server.isUp) return this.network.openSocket(url, events, token);
        queueMicrotask(() => events.closed(1006, ''));
        return { send() {}, bufferedBytes: 0, close() {} };
      },
      clock,
      random: fraction,
    });
    this.sync = new SyncedDoc({
      doc: this.doc,
      name: documentName,
      connection: this.#connection,
      clock,
      random: fraction,
    });
    this.sync.start();
    this.#connection.connect();
  }
}
