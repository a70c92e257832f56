// Somebody who speaks the native protocol by hand: any message at any time, several in a frame, without reading, with other
// people's ids, and with tokens that come and go. What it is promised is promised to it all the same.

import * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import type { Known } from '../../shared/native/fields.js';
import { encodeClientFrame } from '../../shared/native/frame.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';
import type { Access } from '../../shared/permission.js';
import { hello } from '../support/hello.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { Agent, AgentDeps } from './agent.js';
import * as hostile from './hostile-bytes.js';
import { NativeEar } from './native-ear.js';
import { PollWire } from './poll-wire.js';
import { SocketWire } from './socket-wire.js';
import { fairWeather, type Wire } from './wire.js';

/** What it is inclined to do. */
export interface Vices {
  /** Floods of messages, without reading what comes. */
  readonly floods: boolean;
  /** Writes under other people's client ids. */
  readonly forges: boolean;
  /** Announces other people's ids. */
  readonly announces: boolean;
  /** Sends what is no document, no awareness, no message. */
  readonly garbles: boolean;
  /** Changes its token all the time. */
  readonly jugglesTokens: boolean;
  /** So many client ids in one go. */
  readonly swarm: number;
}

export interface RawAgentOptions {
  readonly name: string;
  readonly sub: string;
  readonly documents: readonly DocumentName[];
  /** The most it is ever allowed. */
  readonly access: Access;
  readonly isOverHttp: boolean;
  readonly vices: Vices;
}

type Say = (...messages: NativeClientMessage[]) => void;

export class RawAgent implements Agent {
  readonly name: string;
  readonly #deps: AgentDeps;
  readonly #of: RawAgentOptions;
  #wire: Wire | undefined;
  #ear: NativeEar | undefined;
  #isSpoilt = false;
  #ref = 0;
  /** How seldom it says anything. */
  readonly #silence: number;
  /** Client ids of what is about to be said without the right to. */
  #unlawful: [name: DocumentName, id: number][] = [];

  constructor(deps: AgentDeps, of: RawAgentOptions) {
    this.#deps = deps;
    this.#of = of;
    this.name = of.name;
    this.#silence = deps.net.random.pick([0, 0.5, 0.8]);
  }

  /** N3: updates that were sent so long ago and not answered. */
  unanswered(forMs: number): string[] {
    return this.#ear?.unanswered(forMs) ?? [];
  }

  act(random: SeededRandom): void {
    if (this.#wire === undefined) return this.#connect(random);
    const messages: NativeClientMessage[] = [];
    const say: Say = (...more) => void messages.push(...more);
    if (random.chance(this.#silence)) return;
    for (let left = 1 + random.int(4); left > 0; left--) this.#choose(random, say);
    if (this.#of.vices.floods && random.chance(0.3)) this.#flood(random, messages);
    this.#forbid(messages);
    if (messages.length > 0) this.#send(random, messages);
    if (random.chance(0.05)) this.#leave(random);
  }

  calm(): void {
    if (this.#wire !== undefined) this.#wire.weather = this.#deps.weather.fair;
  }

  end(): void {
    this.#wire?.close();
    this.#lost();
  }

  #connect(random: SeededRandom): void {
    const { net, clock, timeline, ledger, people } = this.#deps;
    this.#isSpoilt = false;
    const delayMs = (): number => (this.#isSpoilt || this.#of.isOverHttp ? Infinity : 50);
    const ear = new NativeEar({
      who: this.name,
      clock,
      timeline,
      ledger,
      people,
      delayMs,
      docOf: () => undefined,
    });
    const ticket = this.#ticket(random);
    timeline.log(`${this.name} connects with ${ticket}`);
    const greeting = hello({ token: ticket, device: this.name, agent: 'raw' });
    const events = {
      opened: () => {
        const messages: NativeClientMessage[] = [greeting];
        for (const name of this.#of.documents)
          if (random.chance(0.8)) messages.push(this.#openMessage(name, random));
        this.#say(messages);
      },
      frame: (bytes: Uint8Array) => ear.heard(bytes),
      closed: (code: number, reason: string) => {
        timeline.log(`${this.name} was closed: ${code} ${reason}`);
        if (this.#ear === ear) this.#lost();
      },
    };
    this.#ear = ear;
    this.#wire = this.#of.isOverHttp
      ? new PollWire(net, '', events)
      : new SocketWire(net, '/', '', fairWeather, events);
  }

  #lost(): void {
    this.#wire = undefined;
    this.#ear = undefined;
  }

  #leave(random: SeededRandom): void {
    this.#deps.timeline.log(`${this.name} leaves`);
    const wire = this.#wire;
    this.#lost();
    const way = random.pick(['close', 'close', 'cut', 'vanish'] as const);
    wire?.[way]();
  }

  /** One thing to say. */
  #choose(random: SeededRandom, say: Say): void {
    const { vices, documents } = this.#of;
    const dice = random.int(100);
    if (dice < 20) return this.#write(random, say);
    if (dice < 30) return say(this.#openMessage(random.pick(documents), random));
    if (dice < 34) return this.#about(random, (document) => say({ type: 'sync', document }));
    if (dice < 37) return this.#about(random, (document) => say({ type: 'close', document }));
    if (dice < 40)
      return this.#about(random, (document) =>
        say({ type: 'request', document, stateVector: Uint8Array.of(0) }),
      );
    if (dice < 45) return say({ type: 'ping', clientTime: random.int(1_000) });
    if (dice < 60 && vices.jugglesTokens) return say({ type: 'token', token: this.#ticket(random) });
    if (dice < 70 && vices.announces) return this.#announce(random, say);
    if (dice < 85 && vices.forges) return this.#forge(random, say);
    if (dice < 92 && vices.garbles) return this.#garble(random, say);
    if (dice < 94 && vices.swarm > 0) return this.#swarm(random, say);
    if (dice < 98 && vices.swarm > 1_000) return this.#leave(random);
  }

  /** Words of its own, under an id of its own that belongs to what it may do now. */
  #write(random: SeededRandom, say: Say): void {
    this.#about(random, (document, name) => {
      const id = this.#newId();
      const seq = this.#nextSeq(document);
      if (!this.#mayEverWrite(name)) this.#unlawful.push([name, id]);
      const update = random.chance(0.5)
        ? hostile.letter(id)
        : hostile.foreignDocument(id, (doc) => this.#deps.edit(doc, random));
      say({ type: random.chance(0.8) ? 'update' : 'offer', document, seq, update });
    });
  }

  #forge(random: SeededRandom, say: Say): void {
    const victim = random.pick(this.#deps.honest());
    const copy = victim && random.pick(victim.copies);
    if (copy === undefined) return;
    this.#about(random, (document, name) => {
      if (name !== copy.document) return;
      const id = copy.doc.clientID;
      const clock = Y.getState(copy.doc.store, id);
      const stored = this.#deps.clockOf(name, id);
      const update = hostile.forged(id, random.chance(0.7) ? stored : clock);
      const mayWrite = this.#of.access === 'write';
      this.#deps.ledger.steal(name, id, { mayWrite, isSilent: !copy.isPresent });
      this.#deps.timeline.log(`${this.name} forges under ${victim.name} at ${stored} (${clock})`);
      say({ type: 'update', document, seq: this.#nextSeq(document), update });
    });
  }

  #announce(random: SeededRandom, say: Say): void {
    const victim = random.pick(this.#deps.honest());
    const id = random.chance(0.7) ? victim?.copies[0]?.doc.clientID : this.#newId();
    if (id === undefined) return;
    this.#deps.timeline.log(`${this.name} announces ${id}`);
    const isOdd = this.#of.vices.garbles && random.chance(0.5);
    this.#about(random, (document, name) => {
      this.#deps.ledger.steal(name, id, { mayWrite: this.#of.access === 'write', isSilent: false });
      say({ type: 'awareness', document, update: hostile.awarenessOf([id], random, isOdd) });
    });
  }

  #garble(random: SeededRandom, say: Say): void {
    if (random.chance(0.1)) return this.#wire?.send(hostile.noise(random));
    this.#about(random, (document) => {
      const { name, updates } = random.chance(0.7)
        ? hostile.hostileStructs(random)
        : {
            name: 'incomplete',
            updates: [random.pick([hostile.incomplete, hostile.dangling])(this.#newId())],
          };
      this.#deps.timeline.log(`${this.name} sends: ${name}`);
      for (const update of updates) say({ type: 'update', document, seq: this.#nextSeq(document), update });
    });
  }

  #swarm(random: SeededRandom, say: Say): void {
    this.#about(random, (document, name) => {
      if (!this.#mayWriteNow(name)) return;
      const { swarm } = this.#of.vices;
      this.#deps.timeline.log(`${this.name} writes under ${swarm} client ids`);
      // A transaction of Yjs takes the longer the more client ids there are: one for each of ten thousand takes minutes.
      const perUpdate = swarm > 1_000 ? 100 : 1;
      for (let left = swarm; left > 0; left -= perUpdate) {
        const letters = Array.from({ length: perUpdate }, () => hostile.letter(this.#newId()));
        const update = letters.length === 1 ? letters[0]! : Y.mergeUpdates(letters);
        say({ type: 'update', document, seq: this.#nextSeq(document), update });
      }
    });
  }

  /** Many messages that are answered, in front of what is said, and nobody who reads the answers. */
  #flood(random: SeededRandom, messages: NativeClientMessage[]): void {
    const count = random.pick([50, 300, 900]);
    const pings = Array.from({ length: count }, (): NativeClientMessage => ({ type: 'ping', clientTime: 1 }));
    messages.unshift(...pings);
    if (this.#wire === undefined) return;
    this.#isSpoilt = true;
    this.#deps.timeline.log(`${this.name} floods ${count} pings`);
    this.#wire.weather = { ...this.#wire.weather, readBytes: 0, kernelBytes: random.pick([0, 500, 4_000]) };
  }

  /** With a token in the same frame it may become lawful after all, unless this agent never gets the right. */
  #forbid(messages: readonly NativeClientMessage[]): void {
    const hasToken = messages.some(({ type }) => type === 'token');
    for (const [name, id] of this.#unlawful.splice(0))
      if (!hasToken || this.#of.access !== 'write') this.#deps.ledger.forbid(name, id);
  }

  #send(random: SeededRandom, messages: readonly NativeClientMessage[]): void {
    const isOneFrame = random.chance(0.7);
    const perFrame = isOneFrame ? 1_000 : 1 + random.int(3);
    for (let at = 0; at < messages.length; at += perFrame) this.#say(messages.slice(at, at + perFrame));
    if (messages.length < 12)
      this.#deps.timeline.log(`${this.name} says ${messages.map(({ type }) => type).join(', ')}`);
  }

  #say(messages: readonly NativeClientMessage[]): void {
    const frame = encodeClientFrame(...messages);
    this.#ear?.said(frame);
    this.#wire?.send(frame);
  }

  #openMessage(name: DocumentName, random: SeededRandom): NativeClientMessage {
    const known: Known = random.pick([
      { kind: 'nothing' },
      { kind: 'state-vector', stateVector: Uint8Array.of(0) },
      { kind: 'offset', epoch: 'epoch-1', offset: random.int(30) },
    ]);
    return { type: 'open', ref: ++this.#ref, name, known };
  }

  #about(random: SeededRandom, say: (document: number, name: DocumentName) => void): void {
    const open = [...(this.#ear?.numbers ?? [])];
    if (open.length === 0) return;
    const [document, { name }] = random.pick(open);
    say(document, name);
  }

  #nextSeq(document: number): number {
    return this.#ear?.nextSeq(document) ?? 1;
  }

  /** A token with rights as they happen to be: some of the documents, for a while or for ever. */
  #ticket(random: SeededRandom): string {
    const { sub, documents, access, vices } = this.#of;
    const rights = new Map(documents.map((name) => [name, access]));
    if (!vices.jugglesTokens) return this.#deps.people.issue(sub, rights).token;
    for (const name of documents) {
      if (random.chance(0.35)) rights.set(name, 'none');
      else if (random.chance(0.25)) rights.set(name, 'read');
    }
    return this.#deps.people.issue(sub, rights, random.chance(0.5) ? 1 + random.int(5) : undefined).token;
  }

  #mayEverWrite(name: DocumentName): boolean {
    return this.#of.access === 'write' && this.#of.documents.includes(name) && !this.#isPast(name);
  }

  #mayWriteNow(name: DocumentName): boolean {
    return this.#ear?.ticket?.rights.get(name) === 'write';
  }

  /** The newest token is known to the server for long, and forbids it, and none is on its way. */
  #isPast(name: DocumentName): boolean {
    return this.#ear?.forbidsWriting(name) === true;
  }

  #newId(): number {
    return this.#deps.newClientId();
  }
}
