// The tabs beside this one that have a document open for the same user of the same server. Owns under which name they are heard,
// which is known late, and whether this tab may take part.

import { TabChannel, type TabChannelDeps } from '../tabs/tab-channel.js';
import type { TabState } from '../tabs/tab-messages.js';
import type { ClientIdentity } from './client-identity.js';

export interface DocumentTabsDeps extends Omit<TabChannelDeps, 'channelName' | 'written'> {
  /** How this tab stands with the server. */
  readonly state: () => Pick<TabState, 'isSynced' | 'hasUnsynced'>;
  readonly identity: ClientIdentity;
  /** As the events of TabChannel, `error` under another name. */
  readonly orphaned: () => void;
  readonly owed: () => void;
  readonly failed: (error: Error) => void;
}

export class DocumentTabs {
  readonly #deps: DocumentTabsDeps;
  #channel: TabChannel | undefined;
  #channelName: string | undefined;
  /** By the server's last word, be it of the time when the copy was made. */
  #mayRead = false;

  constructor(deps: DocumentTabsDeps) {
    this.#deps = deps;
  }

  /** This tab exchanges edits with the others. */
  get areHeard(): boolean {
    return this.#channel !== undefined && this.#mayRead;
  }

  /** As TabChannel.isOwed. */
  get isOwed(): boolean {
    return this.#channel?.isOwed === true;
  }

  /** As TabChannel.awarenessIds. */
  get awarenessIds(): ReadonlySet<number> {
    return this.#channel?.awarenessIds ?? new Set();
  }

  /** Whether a transaction with this origin brings what another tab has told. */
  areOrigin(origin: unknown): boolean {
    return origin !== undefined && origin === this.#channel;
  }

  /** From now on those are heard that have opened it under this name, and no others. Undefined: nothing is different. */
  open(channelName: string | undefined): void {
    if (channelName === undefined || channelName === this.#channelName) return;
    this.#channel?.destroy();
    this.#channelName = channelName;
    const { identity, orphaned, owed, failed } = this.#deps;
    const channel = new TabChannel({ ...this.#deps, channelName, written: () => identity.written });
    channel.on('client-id', () => identity.look());
    channel.on('conflict', (clientId) => identity.foundTwice(clientId));
    channel.on('orphaned', orphaned);
    channel.on('owed', owed);
    channel.on('error', failed);
    this.#channel = channel;
    this.look();
    if (this.#mayRead) channel.join();
  }

  /** A tab that may not read the document gets nothing of it from the others. */
  setMayRead(mayRead: boolean): void {
    this.#mayRead = mayRead;
    this.look();
    if (mayRead) this.#channel?.join();
    else this.#channel?.leave();
  }

  /** The page is put away: until it is back this tab is not there. */
  leave(): void {
    this.#channel?.leave();
  }

  comeBack(): void {
    this.setMayRead(this.#mayRead);
  }

  /** `state` may be another. */
  look(): void {
    this.#channel?.setState(this.#deps.state());
  }

  /** As TabChannel.tell. */
  tell(): void {
    this.#channel?.tell();
  }

  destroy(): void {
    this.#channel?.destroy();
  }
}
