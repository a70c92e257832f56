// One connection of a user in one place: in a document, or in the application.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { ShownClaims } from './shown-claims.js';

/** A document, or the application as a whole. No document has an empty name. */
export type Place = DocumentName | '';

/** The application: whoever is connected is there. */
export const application: Place = '';

export class Stay {
  readonly place: Place;
  readonly user: string;
  /** As hooks and the log have it. */
  readonly connectionId: string;
  /** When it began, ms since the epoch. */
  readonly since: number;
  /** Whether the place is one to remember who was there: a document that has content. */
  readonly isKept: () => boolean;
  readonly #clock: Clock;
  /** Of the same connection, in the application. */
  readonly #inApplication: Stay | undefined;
  /** Of the token in force: its claim `sid`; the connection, where it has none. */
  device: string;
  /** Of the token in force. */
  claims: ShownClaims;
  /** When the user last did something here, ms since the epoch; 0 for not yet. */
  activeAt = 0;

  constructor(
    of: Pick<Stay, 'place' | 'user' | 'device' | 'connectionId' | 'claims' | 'isKept'>,
    { clock, inApplication }: { clock: Clock; inApplication?: Stay | undefined },
  ) {
    this.place = of.place;
    this.user = of.user;
    this.device = of.device;
    this.connectionId = of.connectionId;
    this.claims = of.claims;
    this.isKept = of.isKept;
    this.#clock = clock;
    this.#inApplication = inApplication;
    this.since = clock.now();
  }

  /** The user does something in the document. Called for every edit, so it only takes note. */
  act(): void {
    this.activeAt = this.#clock.now();
    if (this.#inApplication !== undefined) this.#inApplication.activeAt = this.activeAt;
  }
}
