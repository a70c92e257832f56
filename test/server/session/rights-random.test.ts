// Opens, tokens, expiry, updates, requests and closes in random order, with authenticators, hooks, checks and a store that
// answer late, judged by a plain model: the token in force is the one of the last `welcome` or `authenticated` that the
// server has said, and whatever is read, written or refused must be what that token says at that moment.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { decodeServerFrame } from '../../../shared/native/frame.js';
import type { NativeServerMessage } from '../../../shared/native/messages.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import type { Room } from '../../../server/room/room.js';
import { SyncError } from '../../../shared/errors.js';
import type { Tried } from '../../../server/room/document-worker.js';
import type { Access } from '../../../shared/permission.js';
import type { Socket, SocketHandler } from '../../../server/transport/transport.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { NativePeer, type PeerDocument } from '../../support/native-peer.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

const names = ['one', 'two', 'three'] as const;

interface Token {
  readonly name: string;
  readonly documents: Readonly<Record<string, Access>>;
  readonly exp: number | undefined;
  /** Believed, and of the same user. */
  isGood: boolean;
  readonly isOfAnother: boolean;
  isRevoked: boolean;
}

/** What a client asked for, as far as the model knows. */
interface Asked {
  readonly document: PeerDocument;
  isClosedByClient: boolean;
}

/** Whose messages are being handled. */
type Who = 'ann' | 'bob';

/** Trials that pass late, or at once. */
class LateTrials extends InProcessWorker {
  readonly #late: () => Promise<void> | undefined;

  constructor(late: () => Promise<void> | undefined) {
    super();
    this.#late = late;
  }

  override async try(): Promise<Tried> {
    await this.#late();
    return { bytes: 1, loadMs: 1 };
  }
}

/** An edit that is so deep that it is tried before it is taken. Bob makes none, so all that is tried is Ann's. */
function unusualEdit(): Uint8Array {
  const doc = new Y.Doc();
  let inner = new Y.Array();
  doc.getArray('deep').insert(0, [inner]);
  for (let depth = 0; depth < 60; depth++) {
    const next = new Y.Array();
    inner.insert(0, [next]);
    inner = next;
  }
  return Y.encodeStateAsUpdate(doc);
}

class World {
  readonly server: SessionServer;
  readonly random: SeededRandom;
  readonly tokens = new Map<string, Token>();
  /** Tokens that Ann handed in and the server has not answered. */
  #unanswered: Token[] = [];
  /** For Ann's connection. */
  inForce: Token | undefined;
  /** All that were in force since she connected, in order. */
  order: Token[] = [];
  #isOver = false;
  ann: NativePeer;
  asked: Asked[] = [];
  bob: NativePeer;
  bobs: PeerDocument[] = [];
  /** Bob has them open all the time. */
  readonly #rooms = new Map<string, Room>();
  /** Client ids under which Bob is to bring something, by document. */
  readonly brought = new Map<string, Set<number>>();
  #handling: Who | undefined;
  #next: Who = 'bob';
  #made = 0;
  #handedIn = 0;
  #connectedAt = 0;
  /** What the server did and the model does not allow. Not thrown where it is found, which is inside the server. */
  readonly wrong: unknown[] = [];
  /** How often each kind of thing happened: a run in which nothing happens judges nothing. */
  readonly seen = new Map<string, number>();

  constructor(random: SeededRandom) {
    this.random = random;
    this.server = createSessionServer({
      gateway: {
        connected: async (visitor) => {
          await this.#late();
          this.server.visitors.came.push(visitor);
        },
      },
      registry: {
        worker: new LateTrials(() => this.#late()),
        changed: (document) => this.#written(document),
      },
    });
    const { bearers, store, gateway } = this.server;
    bearers.byToken.set('bob', { sub: 'ann', access: 'write' });
    bearers.whileAuthenticating = (token) => this.#checked(token);
    bearers.whileAuthorizing = (token) => (token === 'bob' ? undefined : this.#late());
    store.delay = () => this.#late();
    const { upgrade } = gateway;
    gateway.upgrade = (request) => {
      const decision = upgrade.call(gateway, request);
      if (!decision.accept) return decision;
      const who = this.#next;
      return { ...decision, open: (socket) => this.#watched(who, decision.open(this.#tapped(who, socket))) };
    };
    this.bob = new NativePeer(this.server.transport, { token: 'bob' });
    this.ann = this.bob;
  }

  async begin(): Promise<void> {
    for (const name of names) this.bobs.push(this.bob.open(name));
    await this.server.run(400, 20);
    for (const name of names) this.#rooms.set(name, await this.server.registry.open(parseDocumentName(name)));
    this.reconnect();
  }

  /** A new one, with any rights, or with the same for all documents. */
  token(access?: Access): Token {
    const { random } = this;
    const documents = Object.fromEntries(
      names.map((name) => [name, access ?? random.pick<Access>(['none', 'read', 'write', 'write'])]),
    );
    const nowS = this.server.clock.now() / 1000;
    const exp = random.chance(0.5) ? nowS + 0.1 + random.int(2_500) / 1000 : undefined;
    const kind = random.int(8);
    const isOfAnother = kind === 1;
    const name = `t${++this.#made}`;
    const token = { name, documents, exp, isGood: kind > 1, isOfAnother, isRevoked: false };
    this.tokens.set(token.name, token);
    this.server.bearers.byToken.set(token.name, {
      sub: isOfAnother ? 'eve' : 'ann',
      access: 'none',
      documents,
      exp,
      refusal: kind === 0 ? 'TOKEN_INVALID' : undefined,
    });
    return token;
  }

  reconnect(): void {
    this.#next = 'ann';
    this.inForce = undefined;
    this.order = [];
    this.#isOver = false;
    this.#handedIn = 0;
    this.#connectedAt = this.#nowS;
    this.asked = [];
    let token = this.token();
    while (!token.isGood) token = this.token();
    this.#unanswered = [token];
    this.ann = new NativePeer(this.server.transport, { token: token.name });
  }

  handIn(access?: Access): void {
    // More would be refused.
    if (this.#handedIn++ > 8 + this.#nowS - this.#connectedAt) return;
    const token = this.token(access);
    this.#unanswered.push(token);
    this.ann.say({ type: 'token', token: token.name });
  }

  get open(): Asked[] {
    return this.asked.filter(
      ({ isClosedByClient, document }) =>
        !isClosedByClient && document.number > 0 && !wasClosed(this.ann, document),
    );
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  get #nowS(): number {
    return this.server.clock.now() / 1000;
  }

  /** Times of tokens are in seconds, and lose some of a millisecond. */
  #isPast(token: Token | undefined): boolean {
    return token?.exp !== undefined && token.exp * 1000 <= this.server.clock.now() + 0.01;
  }

  #late(): Promise<void> | undefined {
    if (this.random.chance(0.4)) return undefined;
    const ms = this.random.int(60);
    return new Promise((resolve) => this.server.clock.after(ms, resolve));
  }

  async #checked(name: string | undefined): Promise<void> {
    await this.#late();
    const token = this.tokens.get(name ?? '');
    if (token?.isRevoked === true) throw new SyncError('TOKEN_INVALID', 'revoked');
    if (this.#isPast(token)) throw new SyncError('TOKEN_EXPIRED');
  }

  #watched(who: Who, handler: SocketHandler): SocketHandler {
    const message = handler.message.bind(handler);
    handler.message = (frame, isBinary) => {
      this.#handling = who;
      message(frame, isBinary);
      this.#handling = undefined;
    };
    return handler;
  }

  /** Judges what is said to Ann when it is said. What is published to her is judged in the order in which it arrives. */
  #tapped(who: Who, socket: Socket): Socket {
    if (who === 'bob') return socket;
    const send = socket.send.bind(socket);
    socket.send = (frame) => {
      for (const message of decodeServerFrame(frame)) this.#said(message);
      return send(frame);
    };
    return socket;
  }

  #said(message: NativeServerMessage): void {
    if (message.type === 'welcome' || message.type === 'authenticated') {
      this.inForce = this.#unanswered.shift();
      if (this.inForce !== undefined) this.order.push(this.inForce);
      this.count('a token came into force');
      if (this.inForce?.isGood !== true) this.wrong.push(['a bad token came into force', this.inForce]);
    }
    if (message.type === 'token-wanted') this.#unanswered.shift();
    if (message.type !== 'goodbye') return;
    this.#isOver = true;
    this.count(message.code);
    const token = this.inForce ?? this.#unanswered[0];
    const rightEnds: Readonly<Record<string, boolean | undefined>> = {
      TOKEN_EXPIRED: this.#isPast(token),
      TOKEN_INVALID: token?.isRevoked,
      TOKEN_STALE: this.#unanswered[0]?.isOfAnother,
    };
    if (rightEnds[message.code] === true) return;
    this.wrong.push(['the connection was ended', message, token, this.#nowS]);
  }

  /** Whether something was taken that only Bob brings. It may be taken later than it came. */
  #hasCome(document: string): boolean {
    const clients = this.brought.get(document) ?? new Set();
    for (const client of clients)
      if ((this.#rooms.get(document)?.content.clockOf(client) ?? 0) > 0) return clients.delete(client);
    return false;
  }

  /** An update was taken, at this very moment. */
  #written(document: string): void {
    const isBobs = this.#hasCome(document) || this.#handling === 'bob';
    if (isBobs) return;
    this.count('an update was taken');
    const token = this.inForce;
    const isOver = this.#isOver || this.#isPast(token);
    if (isOver || token?.documents[document] !== 'write')
      this.wrong.push(['an update was taken', document, token, this.#nowS]);
  }
}

/** What Ann has heard, against the token that was in force then. */
function judgeHeard(world: World): void {
  const tokens = [...world.order];
  let inForce: Token | undefined;
  const nameOf = (number: number): string =>
    names[world.bobs.findIndex((document) => document.number === number)] ?? '';
  const may = (name: string): Access => inForce?.documents[name] ?? 'none';
  for (const message of world.ann.heard) {
    if (message.type === 'welcome' || message.type === 'authenticated') inForce = tokens.shift();
    if (message.type === 'not-opened') {
      world.count(`not opened: ${message.code}`);
      const name = world.asked.find(({ document }) => document.ref === message.ref)?.document.name ?? '';
      if (message.code === 'FORBIDDEN') expect([name, may(name)]).toEqual([name, 'none']);
      else expect(message.code).toMatch(/^(INTERNAL|FRAME_MALFORMED)$/);
    }
    if (!('document' in message)) continue;
    const name = nameOf(message.document);
    if (message.type === 'closed') {
      world.count(`closed: ${message.code}`);
      if (message.code === 'FORBIDDEN') expect([name, may(name)]).toEqual([name, 'none']);
      else expect(message.code).toMatch(/^(INTERNAL|UPDATE_INCOMPLETE)$/);
      continue;
    }
    world.count(message.type);
    expect([name, message.type, may(name)]).not.toEqual([name, message.type, 'none']);
    if (message.type === 'opened' || message.type === 'access')
      expect([name, message.access]).toEqual([name, may(name)]);
    if (message.type === 'refused')
      expect([name, message.code, may(name)]).toEqual([name, 'READ_ONLY', 'read']);
  }
}

describe('A3, N6: rights in every order', () => {
  const first = chooseSeed();
  const count = Number(process.env['SEEDS'] ?? 40);
  const seen = new Map<string, number>();

  it.each(Array.from({ length: count }, (_, i) => (first + i) >>> 0))(
    'A1, A2, A3, N6: nothing goes on without the token in force, and nothing that it allows is lost (seed %i)',
    async (seed) => {
      await withSeed(seed, async (random) => {
        const world = new World(random);
        await world.begin();
        for (let step = 0; step < 120; step++) {
          act(world);
          await world.server.run(random.int(40), 8);
          expect(world.wrong).toEqual([]);
          if (world.ann.closed === undefined) continue;
          judgeHeard(world);
          world.reconnect();
        }
        await settle(world);
        expect(world.wrong).toEqual([]);
        judgeHeard(world);
        for (const [what, times] of world.seen) seen.set(what, (seen.get(what) ?? 0) + times);
        world.server.store.delay = () => undefined;
        world.ann.terminate();
        world.bob.terminate();
        await world.server.run(200, 20);
        await world.server.close();
      });
    },
  );

  it('A3, N6: and all of it has happened', () => {
    const wanted = [
      'a token came into force',
      'an update was taken',
      'TOKEN_EXPIRED',
      'TOKEN_INVALID',
      'TOKEN_STALE',
      'opened',
      'access',
      'update',
      'synced',
      'refused',
      'not opened: FORBIDDEN',
      'closed: FORBIDDEN',
    ];
    for (const what of wanted) expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  });
});

function act(world: World): void {
  const { random, ann } = world;
  const action = random.int(11);
  const [asked] = random.shuffle(world.open);
  if (action < 2 || asked === undefined) return askFor(world);
  const { document } = asked;
  switch (action) {
    case 2:
      askFor(world);
      return world.handIn();
    case 3:
      return world.handIn();
    case 4:
      return void ann.insert(document, 'x');
    case 5:
      return ann.update(document, unusualEdit());
    case 6:
      return ann.say({ type: 'sync', document: document.number });
    case 7:
      return ann.say({
        type: 'request',
        document: document.number,
        stateVector: Y.encodeStateVector(document.doc),
      });
    case 8:
      hold(world, document);
      return random.chance(0.5) ? world.handIn('read') : undefined;
    case 9: {
      asked.isClosedByClient = true;
      return ann.say({ type: 'close', document: document.number });
    }
    default: {
      const theirs = random.pick(world.bobs);
      world.bob.insert(theirs, 'y');
      if (world.inForce !== undefined && random.chance(0.05)) world.inForce.isRevoked = true;
    }
  }
}

function askFor(world: World): void {
  const name = world.random.pick(names);
  const same = world.asked.filter(
    ({ document, isClosedByClient }) => document.name === name && !isClosedByClient,
  );
  // Its answer may be on its way, or be that it was refused or closed: then it is asked for again.
  const isGone = ({ document }: Asked): boolean =>
    world.ann.heard.some((message) => message.type === 'not-opened' && message.ref === document.ref) ||
    (document.number > 0 && wasClosed(world.ann, document));
  if (!same.every(isGone)) return;
  for (const asked of same) asked.isClosedByClient = true;
  world.asked.push({ document: world.ann.open(name), isClosedByClient: false });
}

/** Ann sends what depends on something that Bob brings later. */
function hold(world: World, document: PeerDocument): void {
  const theirs = world.bobs.find(({ name }) => name === document.name);
  if (theirs === undefined) return;
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  doc.getText('text').insert(0, 'a');
  doc.getText('text').insert(1, 'b');
  const [missing, dependent] = updates;
  if (missing === undefined || dependent === undefined) return;
  const brought = world.brought.get(document.name) ?? new Set();
  world.brought.set(document.name, brought.add(doc.clientID));
  world.ann.update(document, dependent);
  world.server.clock.after(world.random.int(400), () => world.bob.update(theirs, missing, 'offer'));
}

/** Lets everything come to its end, and looks whether what the token in force allows is open and alive. */
async function settle(world: World): Promise<void> {
  world.server.store.delay = () => undefined;
  await world.server.run(1_200, 10);
  const { ann, inForce } = world;
  if (ann.closed !== undefined || inForce === undefined) return;
  if (inForce.exp !== undefined) expect(world.server.clock.now() / 1000).toBeLessThan(inForce.exp);
  for (const { document, isClosedByClient } of world.asked) {
    if (isClosedByClient) continue;
    const isAnswered = ann.heard.some((message) => 'ref' in message && message.ref === document.ref);
    expect([document.name, isAnswered]).toEqual([document.name, true]);
    if (document.number <= 0 || wasClosed(ann, document)) continue;
    const synced = (): number =>
      ann.heardOf('synced').filter(({ document: number }) => number === document.number).length;
    const before = synced();
    ann.say({ type: 'sync', document: document.number });
    await world.server.run(300, 10);
    if (ann.closed === undefined) expect([document.name, synced()]).toEqual([document.name, before + 1]);
  }
}

function wasClosed(ann: NativePeer, { number, ref }: PeerDocument): boolean {
  const opened = ann.heard.findIndex((message) => message.type === 'opened' && message.ref === ref);
  return ann.heard.slice(opened).some((message) => message.type === 'closed' && message.document === number);
}
