// One status from what is known. Pure: no sockets, no DOM.

import { describeRefusal, type Refusal } from './refusal.js';

/** Everything the status depends on. */
export interface SyncFacts {
  /** The copy on this device has been read (or there is none). */
  readonly isLoaded: boolean;
  readonly access: 'read' | 'write';
  /** Whether the copy on this device holds every edit made here. 'never' where the browser keeps none. */
  readonly saved: 'yes' | 'not-yet' | 'never';
  /** The switch is off. */
  readonly isCut: boolean;
  /** Why the last attempt to connect failed ('' if nobody said), or undefined. */
  readonly outage: string | undefined;
  /** The server has sent everything it had. */
  readonly isSynced: boolean;
  /** Edits made here that the server has not been offered, or has refused. */
  readonly waiting: number;
  readonly refusal: Refusal | undefined;
}

/** What the pill shows. */
export interface SyncStatus {
  readonly phase: 'loading' | 'connecting' | 'synced' | 'offline' | 'refused';
  readonly label: string;
  readonly detail: string;
}

/** The one status these facts amount to. */
export function syncStatus(facts: SyncFacts): SyncStatus {
  if (!facts.isLoaded) return { phase: 'loading', label: 'Loading from this device', detail: '' };
  if (facts.isCut) {
    return {
      phase: 'offline',
      label: `Offline${waitingPart(facts.waiting)}`,
      detail: `The switch is off: no socket is open. ${savedPart[facts.saved]}`,
    };
  }
  if (facts.refusal !== undefined) return refusedStatus(facts.refusal);
  if (facts.outage !== undefined) {
    const said = facts.outage === '' ? '' : ` The server said: ${facts.outage}.`;
    return {
      phase: 'offline',
      label: `Server out of reach${waitingPart(facts.waiting)}`,
      detail: `Trying again and again. ${savedPart[facts.saved]}${said}`,
    };
  }
  if (!facts.isSynced)
    return { phase: 'connecting', label: `Connecting${waitingPart(facts.waiting)}`, detail: '' };
  if (facts.access === 'read') {
    return {
      phase: 'synced',
      label: 'Synced, read-only',
      detail: 'Edits of others arrive as they are made.',
    };
  }
  return {
    phase: 'synced',
    label: 'Synced',
    detail: 'Everything here is with the server, and the other way round.',
  };
}

const savedPart = {
  yes: 'Edits are kept on this device.',
  'not-yet': 'Edits are being written to this device.',
  never: 'This browser keeps no copy: closing the window loses the edits.',
} as const;

function refusedStatus(refusal: Refusal): SyncStatus {
  const label = refusal.what === 'edit' ? 'Edit refused' : 'Refused';
  return { phase: 'refused', label, detail: describeRefusal(refusal) };
}

function waitingPart(waiting: number): string {
  if (waiting === 0) return '';
  return waiting === 1 ? ', 1 edit waiting' : `, ${waiting} edits waiting`;
}
