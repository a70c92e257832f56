// Somebody who takes part in a simulated world.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { Access } from '../../shared/permission.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type * as Y from 'yjs';
import type { Ledger } from './ledger.js';
import type { People, Ticket } from './people.js';
import type { Timeline } from './timeline.js';
import type { Net } from './wire.js';
import type { WeatherMaker } from './weather-maker.js';

/** What everybody in a world shares. */
export interface AgentDeps {
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly net: Net;
  readonly ledger: Ledger;
  readonly people: People;
  readonly weather: WeatherMaker;
  /** A Y.Doc with a client id that nobody has, its types known or not. */
  readonly newDoc: (random: SeededRandom) => Y.Doc;
  readonly newClientId: () => number;
  /** A token with the same rights that lasts longer. */
  readonly renewed: (ticket: Ticket) => Ticket;
  /** How far a client id is stored. */
  readonly clockOf: (document: DocumentName, clientId: number) => number;
  /** An edit as this world's users make it. */
  readonly edit: (doc: Y.Doc, random: SeededRandom) => void;
  /** Users format text, so Yjs may tidy formatting of its own accord. */
  readonly hasFormats: boolean;
  /** The embedder's hook refuses documents now and then. */
  readonly mayFailToOpen: boolean;
  /** An operator has not mended it yet. */
  readonly isDamaged: (document: DocumentName) => boolean;
  /** Everybody that is honest, for those who are not. */
  readonly honest: () => readonly HonestAgent[];
}

export interface Agent {
  readonly name: string;
  /** Does something of its own choosing. */
  act(random: SeededRandom): void;
  /** From now on its network is good, and it does nothing more of its own accord; it comes back if it is away. */
  calm(): void;
  /** Gone for good: keeps no timer. */
  end(): void;
}

/** One document as one honest agent has it. */
export interface Copy {
  readonly document: DocumentName;
  readonly doc: Y.Doc;
  /** The server has sent it everything there was, on the connection it has now. */
  readonly isSynced: boolean;
  /** Edits that are not known to be durable; undefined where the protocol does not tell. */
  readonly unacknowledged: number | undefined;
  readonly access: Access;
  /** Its user has typed without the right to, so it shows what nobody else does. */
  readonly hasRefused: boolean;
  /** And has been told so. */
  readonly wasToldOfIt: boolean;
  /** It tells others that it is here. */
  readonly isPresent: boolean;
  readonly presenceId: number;
  /** Awareness ids of others that it shows. */
  readonly sees: ReadonlySet<number>;
}

export interface HonestAgent extends Agent {
  readonly ticket: Ticket;
  readonly isConnected: boolean;
  /** How often it has been connected before. */
  readonly returns: number;
  /** What it has open, or would have if it were connected. */
  readonly copies: readonly Copy[];
  /** Its user edits something, if he may. */
  type(random: SeededRandom): void;
  /** Asks for rights anew, or for other rights. */
  renew(ticket: Ticket): void;
}

/** Names at the head of a reason that an honest agent may hear at any time: it comes back later. */
const passing = new Set([
  'DRAINING',
  'STORE_UNAVAILABLE',
  'SLOW_CONSUMER',
  'RATE_LIMITED',
  'UPDATE_INCOMPLETE',
  '',
]);
const ofRights = new Set(['TOKEN_EXPIRED', 'FORBIDDEN', 'READ_ONLY', 'TOKEN_INVALID', 'TOKEN_MISSING']);

/** O1: what an honest agent is refused for must be something it has to expect. */
export function judgeRefusal(
  { timeline, ledger, isDamaged, mayFailToOpen }: AgentDeps,
  who: string,
  reason: string,
  about?: Pick<Copy, 'document' | 'doc'>,
): void {
  const code = reason.split(':')[0] ?? '';
  timeline.log(`${who} is refused: ${reason}`);
  if (passing.has(code) || ofRights.has(code)) return;
  if (code === 'INTERNAL' && mayFailToOpen) return;
  if (about !== undefined && code === 'DOCUMENT_CORRUPT' && isDamaged(about.document)) return;
  // What somebody else has written under its id makes nonsense of what it writes itself.
  if (about !== undefined && ledger.isLost(about.document, about.doc)) return;
  timeline.violate(
    code === 'CLIENT_ID_TAKEN' ? 'C3' : 'O1',
    `${who}, who did nothing wrong, was refused: ${reason}`,
  );
}
