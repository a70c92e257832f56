// A document that is open for as long as a component shows it.

import * as Y from 'yjs';
import { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import type { ServerInUse } from './server-in-use.js';

export class OpenDocument {
  readonly provider: HeddleProvider;
  readonly name: string;
  readonly #serverOptions: HeddleProviderOptions;
  #tokenText: string | undefined;

  /** Opens the document in a new Y.Doc. `options` overrule those of the server. */
  constructor(server: ServerInUse, name: string, options?: HeddleProviderOptions) {
    this.name = name;
    this.#serverOptions = server.options;
    this.#tokenText = server.tokenText;
    this.provider = new HeddleProvider(server.url, name, new Y.Doc(), { ...server.options, ...options });
  }

  /** It is the document of that name on that server. A new text for a token makes no other server. */
  isOf({ options }: ServerInUse, name: string): boolean {
    return this.name === name && this.#serverOptions === options;
  }

  /** Hands another text for a token to the server at once. The document stays open. */
  useTokenText(tokenText: string | undefined): void {
    if (tokenText === this.#tokenText) return;
    this.#tokenText = tokenText;
    // What goes wrong is told by the connection.
    this.provider.connection.renewToken().catch(() => {});
  }

  close(): void {
    this.provider.destroy();
    this.provider.doc.destroy();
  }
}

/**
 * Calls `show` when there is something to show: the copy on this device has been read, or cannot be read, which the status
 * tells. Never after what it returns was called.
 */
export function whenReadable({ whenLoaded }: HeddleProvider, show: () => void): () => void {
  let isWanted = true;
  const showIfWanted = (): void => {
    if (isWanted) show();
  };
  whenLoaded.then(showIfWanted, showIfWanted);
  return () => {
    isWanted = false;
  };
}
