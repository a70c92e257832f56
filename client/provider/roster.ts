// Who is in a document, and who was, as the server tells it (K82). Nothing of this is in a bundle that does not import it.

import { GuardedObservable } from '../platform/guarded.js';
import type { DocumentChannel, Message } from '../document/document-channel.js';
import type { HeddleProvider } from './heddle-provider.js';
import { rosterPerson, type RosterPerson } from './roster-person.js';

/**
 * waiting: the server has not told it, or is not connected. told: the server tells it, and each change. denied: this user may
 * not see it (the server's option `rosterVisible`). unsupported: the server has no rosters.
 */
export type RosterStatus = 'waiting' | 'told' | 'denied' | 'unsupported';

export interface RosterEvents {
  /** The status or the people are others. */
  change: (roster: Roster) => void;
}

export class Roster extends GuardedObservable<RosterEvents> {
  readonly #people = new Map<string, RosterPerson>();
  readonly #ended: () => void;
  #channel: DocumentChannel | undefined;
  /** The server of this connection tells it, or was asked to. */
  #isAsked = false;
  #stop: readonly (() => void)[] = [];
  #list: readonly RosterPerson[] = [];
  #status: RosterStatus = 'waiting';
  #users = 1;

  /** See `openRoster`. `ended` is called when nobody uses it any more. */
  constructor(provider: HeddleProvider, ended: () => void) {
    super();
    this.#ended = ended;
    const end = (): void => this.destroy();
    provider.on('destroy', end);
    this.#stop = [() => provider.off('destroy', end)];
    // A provider that is destroyed before has told so.
    provider.kept.channel().then((channel) => this.#begin(channel), end);
  }

  get status(): RosterStatus {
    return this.#status;
  }

  /**
   * Those who are here, then those who were, the last one first. One array until something changes. While there is no
   * connection, whoever was here when it was lost counts as last seen then.
   */
  get people(): readonly RosterPerson[] {
    return this.#list;
  }

  /** Undefined for one who is not known. */
  get(user: string): RosterPerson | undefined {
    return this.#people.get(user);
  }

  /** For `openRoster`: somebody else uses it too. */
  retain(): this {
    this.#users++;
    return this;
  }

  /** To be called once for each `openRoster`: after the last one the server does not tell it any more. */
  close(): void {
    if (--this.#users === 0) this.destroy();
  }

  override destroy(): void {
    this.#ended();
    for (const stop of this.#stop) stop();
    this.#stop = [];
    if (this.#isAsked) this.#channel?.say({ type: 'watch-roster', isOn: false });
    this.#isAsked = false;
    this.#channel = undefined;
    super.destroy();
  }

  #begin(channel: DocumentChannel): void {
    if (this.#stop.length === 0) return;
    this.#channel = channel;
    this.#stop = this.#stop.concat(
      channel.listen('opened', () => this.#ask()),
      channel.listen('roster', (message) => this.#hear(message)),
      channel.listen('lost', () => this.#lost()),
    );
    if (channel.state === 'open') this.#ask();
  }

  #ask(): void {
    const { connection } = this.#channel ?? {};
    this.#isAsked = connection?.welcome?.extensions?.rosters === true;
    if (this.#isAsked) this.#channel?.say({ type: 'watch-roster', isOn: true });
    else this.#set('unsupported');
  }

  #hear({ kind, people }: Message<'roster'>): void {
    if (kind !== 'change') this.#people.clear();
    const self = this.#channel?.connection.welcome?.user;
    for (const person of people) this.#people.set(person.user, rosterPerson(person, self));
    this.#set(kind === 'denied' ? 'denied' : 'told');
  }

  #lost(): void {
    this.#isAsked = false;
    if (this.#status === 'waiting') return;
    const { heardAt = 0, serverTimeOffset = 0 } = this.#channel?.connection ?? {};
    for (const [user, person] of this.#people)
      if (person.isHere)
        this.#people.set(user, {
          ...person,
          isHere: false,
          devices: 0,
          since: undefined,
          lastSeen: heardAt + serverTimeOffset,
        });
    this.#set('waiting');
  }

  #set(status: RosterStatus): void {
    this.#status = status;
    this.#list = Object.freeze([...this.#people.values()].sort(inOrder));
    this.emit('change', [this]);
  }
}

/** Those who are here first, in the order in which they came; then those who were, the last one first. */
function inOrder(a: RosterPerson, b: RosterPerson): number {
  if (a.isHere !== b.isHere) return a.isHere ? -1 : 1;
  const byTime = a.isHere ? (a.since ?? 0) - (b.since ?? 0) : (b.lastSeen ?? 0) - (a.lastSeen ?? 0);
  return byTime === 0 ? (a.user < b.user ? -1 : 1) : byTime;
}

/** One for each provider. */
const open = new WeakMap<HeddleProvider, Roster>();

/**
 * Who is in the provider's document, and who was: lets the server tell it from now on, until `close` is called as often as this was,
 * or the provider is destroyed. The same roster for all who ask for that of one provider.
 */
export function openRoster(provider: HeddleProvider): Roster {
  const before = open.get(provider);
  if (before !== undefined) return before.retain();
  const roster: Roster = new Roster(provider, () => {
    if (open.get(provider) === roster) open.delete(provider);
  });
  open.set(provider, roster);
  return roster;
}
