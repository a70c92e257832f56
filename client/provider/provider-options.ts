// What can be said when a provider is made.

import type { Awareness } from 'y-protocols/awareness';
import type { ProviderCallbacks } from './callback-options.js';
import type { HeddleConnection, HeddleConnectionOptions } from './heddle-connection.js';
import type { CopyOptions } from './open-copy.js';

export interface HeddleProviderOptions extends HeddleConnectionOptions, ProviderCallbacks {
  /** The connection to use. Without it, providers with the same url and the same connection options share one. */
  readonly connection?: HeddleConnection | undefined;
  /** Connects at once. Default true. */
  readonly connect?: boolean | undefined;
  readonly awareness?: Awareness | undefined;
  /**
   * Keeps a copy on this device. Default: where there is IndexedDB. `name` is that of the database, by default the
   * document's: one that y-indexeddb has made is picked up as it is. `timeoutMs`: after which opening is given up.
   */
  readonly offline?: boolean | CopyOptions | undefined;
  /** Tabs of this browser exchange edits and awareness directly, also without a server. Default true. */
  readonly tabs?: boolean | undefined;
  /** As y-websocket calls the opposite of `tabs`. */
  readonly disableBc?: boolean | undefined;
  /**
   * Asks before the page is left: with 'unsaved' edits, which are neither on the server nor on this device (the default),
   * or with 'unsynced' ones, which are not on the server; false for never.
   */
  readonly warnBeforeUnload?: 'unsaved' | 'unsynced' | false | undefined;
  /** Subdocuments that are to be loaded are, each as a document of its own. Default true. */
  readonly autoLoadSubdocs?: boolean | undefined;
}
