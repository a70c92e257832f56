// A server with its ledger, stock and native clients, and a store and an authorize hook that answer late. Judges all that the
// server sends and takes by the paper (access-paper.ts).

import * as Y from 'yjs';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import { keyOf, type Ruling } from '../../../server/auth/rulings.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { Socket, SocketHandler } from '../../../server/transport/transport.js';
import { decodeServerFrame } from '../../../shared/native/frame.js';
import type { Access } from '../../../shared/permission.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { readMessage } from '../../support/memory-peer.js';
import type { MemoryClient } from '../../support/memory-transport.js';
import { NativePeer, type PeerDocument } from '../../support/native-peer.js';
import { frameOf } from '../../support/peer.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { Bearers, createSessionServer, type SessionServer } from '../../support/session-server.js';
import { RunStore } from '../../support/run-store.js';
import {
  accessOn,
  devices,
  isEnded,
  names,
  people,
  type Ended,
  type Name,
  type Paper,
  type Person,
  type Token,
} from './access-paper.js';

/** A connection of somebody, of our own client or of a stock one. */
export interface Line {
  readonly kind: 'native' | 'stock';
  readonly end: MemoryClient;
  readonly peer: NativePeer | undefined;
  /** Of a stock client. */
  readonly name: Name;
  readonly documents: PeerDocument[];
  readonly handedIn: Token[];
  inForce: Token | undefined;
}

/** So late the hook answers at most, ms. */
export const latestMs = 40;
/** So late a refusal is told at most, ms. */
export const toldLateMs = 1_000 + latestMs;

export class World {
  readonly random: SeededRandom;
  /** One for each run of the server: after a crash nothing of that run goes on. */
  clock: FakeClock = createFakeClock();
  readonly kept = createMemoryStore();
  readonly bearers = new Bearers();
  readonly isLate: boolean;
  readonly wrong: unknown[] = [];
  readonly seen = new Map<string, number>();
  lines: Line[] = [];
  paper: Paper = { ended: [], overruled: [] };
  /** What the paper will say when the store has taken what was asked for last. Until then either may count. */
  next: Paper | undefined;
  /** What the paper said before, and until when. */
  readonly #before: { readonly paper: Paper; readonly until: number }[] = [];
  /** Until then a right that a hook is asked about may be what it was. */
  #laxUntil = new Map<Person, number>();
  readonly #ends: { readonly user: Person; readonly at: number }[] = [];
  #numbers = new Map<number, Name>();
  #tokens: Token[] = [];
  #store!: RunStore;
  #asked = { key: '', isPut: true };
  #opening: Line | undefined;
  #handling: Line | undefined;
  server!: SessionServer;

  constructor(random: SeededRandom) {
    this.random = random;
    this.isLate = random.chance(0.5);
    if (this.isLate) this.bearers.whileAuthorizing = () => this.#late();
    this.bearers.whileAuthenticating = () => this.#late();
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  get now(): number {
    return this.clock.now();
  }

  async start(): Promise<void> {
    this.#store = new RunStore(this.kept, () => this.#late());
    const ledger = await AccessLedger.load(this.#store, this.clock);
    const { clock, bearers } = this;
    this.#numbers = new Map();
    this.server = createSessionServer({
      clock,
      bearers,
      store: this.#store,
      ledger,
      registry: { changed: (name) => this.#written(name as Name) },
    });
    const { gateway } = this.server;
    const { upgrade } = gateway;
    gateway.upgrade = (request) => {
      const line = this.#opening!;
      const decision = upgrade.call(gateway, request);
      if (!decision.accept) return decision;
      return {
        ...decision,
        open: (socket) => this.#watched(line, decision.open(this.#tapped(line, socket))),
      };
    };
  }

  token(user = this.random.pick(people)): Token {
    const { random } = this;
    const nowS = this.now / 1000;
    const access = (): Access => random.pick<Access>(['none', 'read', 'write', 'write']);
    const token: Token = {
      name: `t${this.#tokens.length}`,
      user,
      device: random.chance(0.8) ? random.pick(devices) : undefined,
      jti: random.chance(0.8) ? `j${this.#tokens.length}` : undefined,
      iat: random.chance(0.85) ? Math.floor(nowS) : undefined,
      exp: nowS + (random.chance(0.3) ? random.int(3_000) / 1000 + 0.05 : 600),
      documents: { one: access(), two: access() },
    };
    this.#tokens.push(token);
    const { iat, exp, jti, device: sid, documents } = token;
    this.bearers.byToken.set(token.name, { sub: user, iat, exp, jti, sid, access: 'none', documents });
    return token;
  }

  /** Connects with a new token, or with one that was used before. */
  connect(): void {
    const { random } = this;
    if (this.open.length > 6) return;
    const token = random.chance(0.6) || this.#tokens.length === 0 ? this.token() : random.pick(this.#tokens);
    const kind = random.pick(['native', 'stock'] as const);
    const name = random.pick(names);
    const line = { kind, name, documents: [], handedIn: [token], inForce: undefined } as unknown as Line & {
      end: MemoryClient;
      peer: NativePeer | undefined;
    };
    this.#opening = line;
    const { transport } = this.server;
    if (kind === 'native') {
      line.peer = new NativePeer(transport, { token: token.name });
      line.end = line.peer.end;
      // A test's peer throws when it hears of what it has let go of, which may be on its way.
      const hear = line.end.onMessage;
      line.end.onMessage = (frame) => hear?.(frame);
    } else {
      line.end = transport.connect(`/${name}`, { query: `token=${token.name}` });
      // The server believes it when it says something: what it may say is judged by this token.
      line.inForce = token;
      line.end.send(frameOf([0, 0], Y.encodeStateVector(new Y.Doc())));
    }
    this.lines.push(line);
  }

  get open(): Line[] {
    return this.lines.filter(({ end }) => end.state === 'open');
  }

  handIn(line: Line): void {
    const user = this.random.chance(0.9) ? (line.handedIn[0]?.user ?? line.inForce?.user) : undefined;
    const token = this.token(user);
    line.handedIn.push(token);
    line.peer?.say({ type: 'token', token: token.name });
  }

  openDocument(line: Line, name: Name): void {
    const { peer } = line;
    if (peer === undefined || line.documents.some((one) => one.name === name && !isGone(peer, one))) return;
    line.documents.push(peer.open(name));
  }

  write(line: Line): void {
    const doc = new Y.Doc();
    doc.getArray('list').push([this.now]);
    const update = Y.encodeStateAsUpdate(doc);
    if (line.end.state !== 'open') return;
    if (line.peer === undefined) return line.end.send(frameOf([0, 2], update));
    const document = line.documents.find((one) => one.number > 0 && !isGone(line.peer!, one));
    if (document !== undefined) line.peer.update(document, update);
  }

  revoke(): void {
    const { random, now, server } = this;
    const user = random.pick(people);
    const device = random.pick(devices);
    const { jti, user: owner } = random.pick(this.#tokens);
    const expiresAt = random.chance(0.4) ? (now + random.int(4_000) + 1) / 1000 : undefined;
    const until = expiresAt === undefined ? Infinity : expiresAt * 1000;
    const timed = { at: now, until: undefined };
    const rule = (ruling: Ruling, concerns: Ended['concerns'], end: number, ...of: Person[]): void => {
      this.count('revoked');
      const about = keyOf(ruling);
      const before = this.paper.ended.find((one) => one.about === about);
      const isByAge = ruling.kind !== 'token';
      const made = { about, concerns, isByAge, at: now, until: Math.max(end, before?.until ?? 0) };
      this.next = { ...this.paper, ended: [...this.paper.ended.filter((one) => one !== before), made] };
      const push = (): Promise<unknown> => {
        if (ruling.kind === 'token') return server.users!.revoke({ token: ruling.token });
        return server.users!.revoke(ruling, { expiresAt });
      };
      this.#push({ key: about, isPut: true }, push, ...of);
    };
    switch (random.int(4)) {
      case 0:
        return rule({ kind: 'user', user, ...timed }, (one) => one.user === user, until, user);
      case 1: {
        const ruling = { kind: 'device', device, user: undefined, ...timed } as const;
        return rule(ruling, (one) => one.device === device, until, ...people);
      }
      case 2: {
        const ruling = { kind: 'device', device, user, ...timed } as const;
        return rule(ruling, (one) => one.device === device && one.user === user, until, user);
      }
      default:
        if (jti === undefined) return;
        return rule({ kind: 'token', token: jti, ...timed }, (one) => one.jti === jti, Infinity, owner);
    }
  }

  setAccess(): void {
    const { random, now, server } = this;
    const user = random.pick(people);
    const name = random.pick([...names, '**'] as const);
    const access = random.pick<Access | null>(['none', 'read', 'write', null]);
    const forS = random.chance(0.5) ? (random.int(2_000) + 50) / 1000 : undefined;
    const others = this.paper.overruled.filter((one) => one.user !== user || one.name !== name);
    const until = forS === undefined ? Infinity : now + forS * 1000;
    const isForEveryToken = forS !== undefined;
    const made = access === null ? [] : [{ user, name, access, isForEveryToken, at: now, until }];
    this.next = { ...this.paper, overruled: [...made, ...others] };
    this.count(access === null ? 'access was taken back' : 'access was set');
    if (until < Infinity && access !== null) this.#ends.push({ user, at: until });
    const about = { kind: 'access', user, pattern: name, access: 'none', isForEveryToken, order: 0 } as const;
    const key = keyOf({ ...about, at: now, until: undefined });
    const push = (): Promise<unknown> => server.users!.setAccess(user, name, access, { forS });
    this.#push({ key, isPut: access !== null }, push, user);
  }

  refresh(): void {
    this.count('refreshed');
    this.next = this.paper;
    this.#push({ key: '', isPut: true }, () => this.server.users!.refresh(this.random.pick(people)));
  }

  /** Ends the server, in peace or not, and starts it again on the same store. */
  async restart(isCrash: boolean): Promise<void> {
    this.count(isCrash ? 'crashed' : 'restarted');
    if (isCrash) {
      this.#store.isDead = true;
      if (this.next !== undefined && this.#store.written.get(this.#asked.key) === this.#asked.isPut)
        this.#turn();
      this.next = undefined;
    }
    for (const { end } of this.lines) end.terminate();
    if (!isCrash) {
      await this.server.run(200, 20);
      await this.server.close();
    }
    this.lines = [];
    this.clock = createFakeClock(this.now);
    await this.start();
  }

  /** At rest: whoever may be there is there, and nobody else. */
  judgeRest(): void {
    for (const { peer, end, inForce, name, documents } of this.lines) {
      if (inForce === undefined) continue;
      const isOver = this.now >= inForce.exp * 1000 + 1_100 || isEnded(this.paper, inForce, this.now);
      const may = (what: Name): boolean =>
        !isOver && accessOn(this.paper, inForce, what, this.now) !== 'none';
      if (peer === undefined) {
        if (!may(name) && end.state === 'open')
          this.wrong.push(['a stock client is still there', name, inForce]);
        continue;
      }
      if (isOver && end.state === 'open') this.wrong.push(['a client is still there', inForce]);
      for (const document of documents)
        if (
          end.state === 'open' &&
          document.number > 0 &&
          !isGone(peer, document) &&
          !may(document.name as Name)
        )
          this.wrong.push(['a document is still open', document.name, inForce]);
    }
  }

  /** Asks for something, which the store is to write under this key. */
  #push(
    asked: { readonly key: string; readonly isPut: boolean },
    push: () => Promise<unknown>,
    ...users: Person[]
  ): void {
    const server = this.server;
    this.#asked = asked;
    this.#store.written.clear();
    push().then(
      () => {
        if (server !== this.server) return;
        this.#turn();
        for (const user of users) this.#lax(user);
      },
      (error: unknown) => void this.wrong.push(['a push failed', error]),
    );
  }

  #turn(): void {
    this.#before.push({ paper: this.paper, until: this.now });
    this.paper = this.next!;
    this.next = undefined;
  }

  #lax(user: Person): void {
    if (this.isLate) this.#laxUntil.set(user, this.now + latestMs);
  }

  /** The hook is being asked, or was just now. */
  #isLax(of: Person): boolean {
    if (!this.isLate) return false;
    const hasEnded = this.#ends.some(
      ({ user, at }) => user === of && at <= this.now && this.now <= at + latestMs + 1,
    );
    return hasEnded || (this.#laxUntil.get(of) ?? 0) >= this.now;
  }

  #late(): Promise<void> | undefined {
    if (this.random.chance(0.5)) return undefined;
    const ms = this.random.int(latestMs);
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  #watched(line: Line, handler: SocketHandler): SocketHandler {
    const message = handler.message.bind(handler);
    handler.message = (frame, isBinary) => {
      this.#handling = line;
      message(frame, isBinary);
      this.#handling = undefined;
    };
    return handler;
  }

  /** All that is sent to a session comes through here, published or not. */
  #tapped(line: Line, socket: Socket): Socket {
    const send = socket.send.bind(socket);
    socket.send = (frame) => {
      if (socket.isOpen) this.#sent(line, frame);
      return send(frame);
    };
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      const [name = ''] = reason.split(':');
      this.count(`${line.kind} ${name}`);
      this.#refused(line, name, line.name);
      close(code, reason);
    };
    return socket;
  }

  #sent(line: Line, frame: Uint8Array): void {
    if (line.kind === 'stock') {
      const message = readMessage(frame);
      // The server shows that it is there, and says what it refuses.
      if (message.type === 'denied') this.count('denied');
      if (message.type === 'denied' || (message.type === 'awareness' && message.bytes.length <= 1)) return;
      return this.#delivered(line, line.name, message.type);
    }
    for (const message of decodeServerFrame(frame)) {
      if (message.type === 'welcome' || message.type === 'authenticated') {
        line.inForce = line.handedIn.shift();
        this.count(message.type);
        if (line.inForce === undefined || !this.#isGood(line.inForce))
          this.wrong.push(['a token came into force', line.inForce, this.now]);
      } else if (message.type === 'token-wanted') {
        this.count(message.reason.startsWith('TOKEN_STALE') ? 'token-wanted: stale' : 'token-wanted');
        if (!message.reason.startsWith('TOKEN_STALE')) line.handedIn.shift();
      } else if (message.type === 'closed') {
        this.#refused(line, message.code, this.#numbers.get(message.document)!);
        this.count(`closed: ${message.code}`);
      } else if (message.type === 'opened') {
        const name = line.documents.find(({ ref }) => ref === message.ref)?.name as Name;
        this.#numbers.set(message.document, name);
        this.#delivered(line, name, message.type);
      } else if (message.type === 'not-opened' || message.type === 'refused')
        this.count(`${message.type}: ${message.code}`);
      else if ('document' in message)
        this.#delivered(line, this.#numbers.get(message.document)!, message.type);
    }
  }

  /**
   * A session or a document has ended: whether it had to, by what the paper has said within the last second, as a client
   * that is refused again and again is told that much later.
   */
  #refused(line: Line, code: string, name: Name): void {
    const token = line.inForce ?? line.handedIn[0];
    if (token === undefined || ['TOKEN_STALE', 'DRAINING', 'INTERNAL', 'RATE_LIMITED'].includes(code)) return;
    const told = Array.from({ length: toldLateMs + 1 }, (_, ms) => this.now - ms);
    const papers = [
      ...this.#before.filter(({ until }) => until >= this.now - toldLateMs).map(({ paper }) => paper),
      this.paper,
      ...(this.next === undefined ? [] : [this.next]),
    ];
    const says = (is: (paper: Paper, at: number) => boolean): boolean =>
      papers.some((paper) => told.some((at) => is(paper, at)));
    const isRight =
      (code === 'TOKEN_REVOKED' && says((paper, at) => isEnded(paper, token, at))) ||
      (code === 'TOKEN_EXPIRED' && this.now >= token.exp * 1000 - 1) ||
      (code === 'FORBIDDEN' &&
        (this.#isLax(token.user) || says((paper, at) => accessOn(paper, token, name, at) === 'none')));
    if (!isRight) this.wrong.push(['it was ended', code, name, token, this.now]);
  }

  #delivered(line: Line, name: Name, what: string): void {
    this.count(what);
    if (!this.#may(line, name, 'read')) this.wrong.push([what, 'was sent', name, line.inForce, this.now]);
  }

  /** An update was taken, at this very moment. */
  #written(name: Name): void {
    const line = this.#handling;
    if (line === undefined) return this.count('taken later');
    this.count('taken');
    if (!this.#may(line, name, 'write')) this.wrong.push(['taken', name, line.inForce, this.now]);
  }

  /** By what the paper says now, or may say already. */
  #may({ inForce }: Line, name: Name, what: 'read' | 'write'): boolean {
    if (inForce === undefined || this.now > inForce.exp * 1000 + 1) return false;
    return [this.paper, ...(this.next === undefined ? [] : [this.next])].some((paper) => {
      if (isEnded(paper, inForce, this.now)) return false;
      if (this.#isLax(inForce.user)) return true;
      const access = accessOn(paper, inForce, name, this.now);
      return access === 'write' || access === what;
    });
  }

  #isGood(token: Token): boolean {
    const papers = [this.paper, ...(this.next === undefined ? [] : [this.next])];
    return this.now <= token.exp * 1000 + 1 && papers.some((paper) => !isEnded(paper, token, this.now));
  }
}

function isGone(peer: NativePeer, document: PeerDocument): boolean {
  const opened = peer.heard.findIndex((one) => one.type === 'opened' && one.ref === document.ref);
  return peer.heard.some(
    (one, index) =>
      (one.type === 'not-opened' && one.ref === document.ref) ||
      (one.type === 'closed' && opened >= 0 && index > opened && one.document === document.number),
  );
}
