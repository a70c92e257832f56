// A provider's status in words for a reader. Pure: no sockets, no DOM.

import type { SyncStatus } from '../../client/index.js';
import { noCopyWords, reasonWords, technicalWords } from './reason-words.js';

/**
 * 'edit': an edit is refused, the rest goes on. 'window': nothing goes on until something changes. 'deleted': the document was
 * deleted on the server, and can be brought back.
 */
export type Refused = 'edit' | 'window' | 'deleted';

/** What the words depend on. */
export interface StatusFacts {
  readonly status: SyncStatus;
  /** The switch is off. */
  readonly isCut: boolean;
  /** The server has sent all it had; edits may still be on their way. */
  readonly isSynced: boolean;
  /** A connection is being opened. */
  readonly isConnecting: boolean;
}

/** What the pill, its dialog and the banner show. */
export interface StatusWords {
  readonly phase: SyncStatus['phase'] | 'refused';
  readonly label: string;
  /** What is so, and what to do, in plain words. */
  readonly detail: string;
  /** Codes, and the words of the server; '' for none. */
  readonly technical: string;
  /** Set with the phase 'refused'; the detail says why. */
  readonly refused?: Refused;
}

/** Whether the copy on this device holds everything; 'never' where there is none. */
export function savedHere({ savedLocally, offlineError }: SyncStatus): 'yes' | 'not-yet' | 'never' {
  if (offlineError !== undefined) return 'never';
  return savedLocally ? 'yes' : 'not-yet';
}

/** The words for these facts. */
export function statusWords(facts: StatusFacts): StatusWords {
  return { ...plainWords(facts), technical: technicalWords([facts.status]) };
}

type PlainWords = Omit<StatusWords, 'technical'>;

function plainWords(facts: StatusFacts): PlainWords {
  const { status, isCut } = facts;
  const waiting = waitingPart(status.unsyncedChanges);
  if (status.phase === 'loading')
    return {
      phase: 'loading',
      label: 'Loading from this device',
      detail: 'The copy on this device is being read.',
    };
  if (isCut) {
    const detail = `The network switch is off. Turn it on to connect. ${keptPart(status)}`;
    return { phase: 'offline', label: `Offline${waiting}`, detail };
  }
  const refused = refusedWhat(facts);
  if (refused !== undefined && status.reason !== undefined) {
    const label = refusedLabels[refused];
    return { phase: 'refused', label, detail: reasonWords(status.reason).sentence, refused };
  }
  // Refused before, and asked again just now.
  if (status.reason?.isFinal || status.phase === 'connecting')
    return { phase: 'connecting', label: `Connecting${waiting}`, detail: keptPart(status) };
  if (status.phase === 'offline') {
    const why = status.reason === undefined ? '' : `${reasonWords(status.reason).sentence} `;
    const detail = `${why}${keptPart(status)}`;
    return { phase: 'offline', label: `Server out of reach${waiting}`, detail };
  }
  return openWords(status, waiting);
}

/** While the document is open on the server. */
function openWords(status: SyncStatus, waiting: string): PlainWords {
  const over = status.transport === 'http' ? ', over HTTP' : '';
  const why = over === '' ? '' : ' WebSocket does not get through here, so HTTP is used.';
  if (status.phase === 'syncing')
    return { phase: 'syncing', label: `Syncing${waiting}${over}`, detail: `${keptPart(status)}${why}` };
  if (status.access === 'read') {
    const detail = `Edits of others arrive as they are made.${why}`;
    return { phase: 'synced', label: `Synced, read-only${over}`, detail };
  }
  const detail = `The server has everything that is here, and the other way round.${why}`;
  return { phase: 'synced', label: `Synced${over}`, detail };
}

function refusedWhat({ status, isSynced, isConnecting }: StatusFacts): Refused | undefined {
  if (!status.reason?.isFinal) return undefined;
  if (isSynced) return 'edit';
  if (status.reason.kind === 'deleted') return 'deleted';
  return status.phase === 'offline' && !isConnecting ? 'window' : undefined;
}

const refusedLabels: Readonly<Record<Refused, string>> = {
  edit: 'Edit refused',
  window: 'Refused',
  deleted: 'Deleted',
};

const kept = {
  yes: 'Edits are kept on this device.',
  'not-yet': 'Edits are being written to this device.',
  never: 'This device keeps no copy: closing the window loses the edits.',
} as const;

function keptPart(status: SyncStatus): string {
  return kept[savedHere(status)];
}

/** Where this device keeps the text, or why it does not; '' while that is being found out. */
export function deviceWords({ phase, offlineError }: SyncStatus, slot: number): string {
  if (phase === 'loading') return '';
  if (offlineError !== undefined)
    return `This device keeps no copy: edits are safe only once they are synced. ${noCopyWords(offlineError)}`;
  const device = slot === 1 ? 'this device' : `device ${slot} of this browser`;
  return `Kept on ${device}, with or without the network.`;
}

function waitingPart(waiting: number): string {
  if (waiting === 0) return '';
  return waiting === 1 ? ', 1 edit waiting' : `, ${waiting} edits waiting`;
}
