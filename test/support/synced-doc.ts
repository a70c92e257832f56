// A Y.Doc with its channel and its sync, put together as the provider does, without a copy and other tabs.

import type * as Y from 'yjs';
import { Tidying } from '../../client/crdt/tidying.js';
import { DocumentChannel, type DocumentChannelDeps } from '../../client/document/document-channel.js';
import { DocumentSync } from '../../client/document/document-sync.js';
import { YjsContent } from '../../client/document/yjs-content.js';
import type { Position } from '../../shared/native/position.js';

export interface SyncedDocDeps extends DocumentChannelDeps {
  readonly doc: Y.Doc;
  readonly isEdit?: (origin: unknown) => boolean;
  readonly position?: Position | undefined;
}

export class SyncedDoc extends DocumentSync {
  readonly content: YjsContent;
  readonly channel: DocumentChannel;
  readonly #tidying: Tidying;

  constructor({ doc, isEdit = () => true, position, ...deps }: SyncedDocDeps) {
    const { clock, random } = deps;
    const tidying = new Tidying(doc);
    const content = new YjsContent({ doc, random, isEdit, tidying });
    const channel = new DocumentChannel(deps);
    super({ content, channel, clock, random, position });
    this.content = content;
    this.channel = channel;
    this.#tidying = tidying;
  }

  start(): void {
    this.channel.start();
  }

  stop(): void {
    this.channel.stop();
  }

  announce(update: Uint8Array): void {
    this.channel.say({ type: 'awareness', update });
  }

  override destroy(): void {
    super.destroy();
    this.channel.destroy();
    this.content.destroy();
    this.#tidying.destroy();
  }
}
