// What every editor is opened with, and what the test may ask it.

import type { HeddleProvider } from '../../../../client/index.js';

/** Who sits at this window. */
export interface User {
  readonly name: string;
  /** As #rrggbb. */
  readonly color: string;
}

export interface PageQuery {
  /** The Heddle server's. */
  readonly url: string;
  /** The document's. */
  readonly name: string;
  readonly user: User;
  /** This window may put into an empty document what its editor needs there. */
  readonly isFirst: boolean;
}

export interface Binding {
  readonly provider: HeddleProvider;
  /** What the editor holds, a line per block. */
  text(): string;
  /** The editor goes, and the provider with it. */
  destroy(): void;
}

/** Puts an editor into the element, on a document of the server. */
export type OpenEditor = (element: HTMLElement, query: PageQuery) => Binding;

declare global {
  interface Window {
    /** Undefined until the editor is there. */
    binding: Binding | undefined;
  }
}
