// One status for the whole notebook from what its documents say. Pure: no provider, no page.

import type { StatusReason, SyncStatus } from '../../client/index.js';
import { noCopyWords, reasonWords, technicalWords } from '../editor/reason-words.js';
import type { PillPhase } from '../editor/status-pill.js';

/** Everything the status depends on. */
export interface AppFacts {
  /** Of the documents that are open: the index, and the note that is shown. */
  readonly documents: readonly SyncStatus[];
  /** Why notes that are not open could not be brought to the server. */
  readonly reasons: readonly StatusReason[];
  /** Notes with edits that the server lacks, open or not. */
  readonly waitingNotes: number;
  /** Edits of the index that the server lacks: what was deleted, or named. */
  readonly waitingChanges: number;
}

/** What the pill shows, and what it tells when it is pressed. */
export interface AppStatus {
  readonly phase: PillPhase;
  readonly label: string;
  readonly server: string;
  readonly device: string;
  readonly connection: string;
  /** What the server lacks, '2 notes' for example; '' for nothing. */
  readonly waiting: string;
  /** Codes, and the words of the server; '' for none. */
  readonly technical: string;
  /** Trying again now may help. */
  readonly canRetry: boolean;
}

/** The one status these facts amount to. */
export function appStatus(facts: AppFacts): AppStatus {
  const reason = reasonOf(facts);
  const phase = phaseOf(facts, reason);
  return {
    phase,
    label: labelOf(phase, facts, reason),
    server: serverSentence(phase, facts, reason),
    device: deviceSentence(facts),
    connection: connectionSentence(facts),
    waiting: waitingWords(facts),
    technical: technicalWords([...facts.documents, ...facts.reasons.map(asStatus)]),
    canRetry: phase === 'refused' || phase === 'offline',
  };
}

function phaseOf(
  { documents, waitingNotes }: AppFacts,
  reason: StatusReason | undefined,
): AppStatus['phase'] {
  const some = (phase: SyncStatus['phase']): boolean => documents.some((one) => one.phase === phase);
  const isWaiting = waitingNotes > 0 || documents.some((one) => one.unsyncedChanges + one.refusedBytes > 0);
  if (some('loading')) return 'loading';
  if (reason?.isFinal === true) return 'refused';
  if (some('offline')) return 'offline';
  if (some('connecting')) return isWaiting && isSavedHere(documents) ? 'saved-here' : 'connecting';
  return some('syncing') || isWaiting ? 'syncing' : 'synced';
}

/** What cannot go on comes before what is tried again. */
function reasonOf({ documents, reasons }: AppFacts): StatusReason | undefined {
  const all = [...documents.map(({ reason }) => reason), ...reasons].filter((one) => one !== undefined);
  return all.find(({ isFinal }) => isFinal) ?? all[0];
}

function labelOf(phase: AppStatus['phase'], facts: AppFacts, reason: StatusReason | undefined): string {
  const waiting = waitingWords(facts);
  switch (phase) {
    case 'loading':
      return 'Loading';
    case 'refused':
      return reason === undefined ? 'Refused' : reasonWords(reason).label;
    case 'offline':
      if (waiting === '') return 'Offline';
      return hasNoCopy(facts) ? 'Offline, not saved' : `Offline, ${waiting} waiting`;
    case 'connecting':
      return 'Connecting';
    case 'saved-here':
      return 'Saved on this device';
    case 'syncing':
      return waiting === '' ? 'Syncing' : `Syncing ${waiting}`;
    case 'synced':
      return facts.documents.some(({ access }) => access === 'read')
        ? 'Synced, read-only'
        : 'Saved on the server';
  }
}

function serverSentence(
  phase: AppStatus['phase'],
  facts: AppFacts,
  reason: StatusReason | undefined,
): string {
  const waiting = waitingWords(facts);
  const lack = waiting === '' ? '' : ` Not there yet: ${waiting}.`;
  if (phase === 'loading') return 'Not asked yet.';
  if (phase === 'refused' && reason !== undefined) return `${reasonWords(reason).sentence}${lack}`;
  if (phase === 'synced') return 'Has everything, and everything it has is here.';
  if (phase === 'syncing') return `Is being sent what is new here, or sends what is new there.${lack}`;
  return `Cannot be reached now. The app keeps trying: there is nothing you have to do.${lack}`;
}

function deviceSentence({ documents }: AppFacts): string {
  const error = documents.find(({ offlineError }) => offlineError !== undefined)?.offlineError;
  if (error !== undefined) {
    return `Keeps no copy: what the server has not got is lost when this window closes. ${noCopyWords(error)}`;
  }
  return isSavedHere(documents) ? 'Has everything saved.' : 'Is saving, or reading what it has.';
}

function connectionSentence({ documents }: AppFacts): string {
  const transport = documents.find((one) => one.transport !== undefined)?.transport;
  if (transport === 'websocket') return 'One WebSocket for all notes.';
  if (transport === 'http') return 'Over HTTP, because WebSockets do not come through here.';
  return 'None.';
}

function asStatus(reason: StatusReason): Pick<SyncStatus, 'reason' | 'offlineError'> {
  return { reason, offlineError: undefined };
}

function waitingWords({ waitingNotes, waitingChanges }: AppFacts): string {
  if (waitingNotes > 0) return `${waitingNotes} ${waitingNotes === 1 ? 'note' : 'notes'}`;
  if (waitingChanges > 0) return `${waitingChanges} ${waitingChanges === 1 ? 'change' : 'changes'}`;
  return '';
}

function isSavedHere(documents: readonly SyncStatus[]): boolean {
  return documents.every(({ savedLocally }) => savedLocally);
}

function hasNoCopy({ documents }: AppFacts): boolean {
  return documents.some(({ offlineError }) => offlineError !== undefined);
}
