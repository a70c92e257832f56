// What those who watch the roster of one document are told (P14). Changes of one moment are told together, encoded once for
// all; what a change costs grows with those who watch, and not with those who are here.

import type { Clock } from '../../shared/clock.js';
import type { Person } from '../../shared/person.js';
import { Pacer } from '../../shared/pacer.js';

/** People to tell of, at most {@link maxPart}: one object for all who are told of them. */
export class News {
  /** whole: everybody there is to know of, or the first of them. change: those who have changed, or the others. */
  readonly kind: 'whole' | 'change';
  readonly people: readonly Person[];
  #frame: Uint8Array | undefined;

  constructor(kind: News['kind'], people: readonly Person[]) {
    this.kind = kind;
    this.people = people;
  }

  /** Encoded by the first who asks, in the one way in which all who watch a document are told. */
  frame(encode: (news: News) => Uint8Array): Uint8Array {
    return (this.#frame ??= encode(this));
  }
}

/** Somebody who watches. */
export interface RosterWatcher {
  tell(news: readonly News[]): void;
}

export interface RosterFeedDeps {
  readonly clock: Clock;
  /** Who was here and is gone, the last one last. Never rejects. */
  readonly gone: Promise<readonly Person[]>;
  readonly maxGone: number;
  /** Everybody who is here. */
  readonly here: () => readonly Person[];
  /** Undefined for one who is not here. */
  readonly find: (user: string) => Person | undefined;
}

/** Joins changes. */
const windowMs = 250;
/** People in one part. */
const maxPart = 500;

export class RosterFeed {
  readonly #deps: RosterFeedDeps;
  readonly #watchers = new Set<RosterWatcher>();
  /** Those who are yet to be told of everybody. */
  #newcomers = new Set<RosterWatcher>();
  /** By user: how one who has gone was when that happened, undefined for the others. */
  #changed = new Map<string, Person | undefined>();
  /** By user, the last one last. */
  readonly #gone = new Map<string, Person>();
  readonly #pacer: Pacer;
  #isLoaded = false;
  #isClosed = false;

  constructor(deps: RosterFeedDeps) {
    this.#deps = deps;
    this.#pacer = new Pacer(deps.clock, windowMs, () => this.#flush());
    void deps.gone.then((people) => this.#load(people));
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  add(watcher: RosterWatcher): void {
    this.#watchers.add(watcher);
    this.#newcomers.add(watcher);
    this.#request();
  }

  remove(watcher: RosterWatcher): void {
    this.#watchers.delete(watcher);
    this.#newcomers.delete(watcher);
  }

  /** Somebody has come, is seen to be active, or has other claims or devices. */
  changed(user: string): void {
    this.#gone.delete(user);
    this.#changed.set(user, undefined);
    this.#request();
  }

  /** Somebody has gone. */
  left(person: Person): void {
    this.#addGone(person);
    // Told also where more have gone by then than are remembered: the others would see this one here for ever.
    this.#changed.set(person.user, person);
    this.#request();
  }

  close(): void {
    this.#isClosed = true;
    this.#pacer.cancel();
  }

  #load(people: readonly Person[]): void {
    if (this.#isClosed) return;
    this.#isLoaded = true;
    const since = [...this.#gone.values()];
    this.#gone.clear();
    for (const person of [...people, ...since])
      if (this.#deps.find(person.user) === undefined) this.#addGone(person);
    this.#request();
  }

  #addGone(person: Person): void {
    this.#gone.delete(person.user);
    this.#gone.set(person.user, person);
    if (this.#gone.size <= this.#deps.maxGone) return;
    const [oldest = ''] = this.#gone.keys();
    this.#gone.delete(oldest);
  }

  #request(): void {
    if (this.#isLoaded && !this.#isClosed) this.#pacer.request();
  }

  #flush(): void {
    const changed = this.#changed;
    const newcomers = this.#newcomers;
    this.#changed = new Map();
    this.#newcomers = new Set();
    if (changed.size > 0 && newcomers.size < this.#watchers.size) {
      const people = [...changed].flatMap(([user, gone]) => this.#deps.find(user) ?? gone ?? []);
      const news = inParts('change', people);
      for (const watcher of this.#watchers) if (!newcomers.has(watcher)) watcher.tell(news);
    }
    if (newcomers.size === 0) return;
    const news = inParts('whole', [...this.#gone.values(), ...this.#deps.here()]);
    for (const watcher of newcomers) watcher.tell(news);
  }
}

function inParts(kind: News['kind'], people: readonly Person[]): readonly News[] {
  const parts = [new News(kind, people.slice(0, maxPart))];
  for (let from = maxPart; from < people.length; from += maxPart)
    parts.push(new News('change', people.slice(from, from + maxPart)));
  return parts;
}
