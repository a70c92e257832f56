// What an editor is opened with, and what can be done with it then.

import type { HeddleProvider } from 'heddle/client';

/** Who sits at this window. */
export interface User {
  readonly name: string;
  /** As #rrggbb. */
  readonly color: string;
}

export interface Opening {
  /** The server's address. */
  readonly url: string;
  /** The document's name. */
  readonly name: string;
  readonly user: User;
}

export interface Opened {
  readonly provider: HeddleProvider;
  /** What the editor holds, a line per block. */
  text(): string;
  /** The editor goes, and the provider with it. */
  destroy(): void;
}
