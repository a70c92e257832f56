// What the notes app's pill says, for what its documents are.

import { describe, expect, test } from 'vitest';
import type { StatusReason, SyncStatus } from '../../../client/index.js';
import { appStatus, type AppFacts, type AppStatus } from '../../../examples/notes/app-status.js';

const synced: SyncStatus = {
  phase: 'synced',
  savedLocally: true,
  unsyncedChanges: 0,
  unsyncedBytes: 0,
  refusedBytes: 0,
  unsyncedInTabs: false,
  lastSyncedAt: 1,
  access: 'write',
  transport: 'websocket',
  reason: undefined,
  offlineError: undefined,
};
const offline: SyncStatus = { ...synced, phase: 'offline', transport: undefined };
const noRoom = Object.assign(new Error('no room'), { code: 'OFFLINE_QUOTA' as const });
const refusal = (kind: StatusReason['kind']): StatusReason => ({
  kind,
  code: undefined,
  message: 'its words',
  isFinal: true,
});

function statusOf(facts: Partial<AppFacts>): AppStatus {
  return appStatus({ documents: [synced], reasons: [], waitingNotes: 0, waitingChanges: 0, ...facts });
}

describe('the pill', () => {
  test.each<[string, Partial<AppFacts>, AppStatus['phase'], string]>([
    ['all the same', {}, 'synced', 'Saved on the server'],
    ['one is read', { documents: [{ ...synced, phase: 'loading' }, synced] }, 'loading', 'Loading'],
    ['read-only', { documents: [{ ...synced, access: 'read' }] }, 'synced', 'Synced, read-only'],
    [
      'a note is sent',
      { documents: [{ ...synced, phase: 'syncing' }], waitingNotes: 1 },
      'syncing',
      'Syncing 1 note',
    ],
    ['closed notes are sent', { waitingNotes: 2 }, 'syncing', 'Syncing 2 notes'],
    ['something comes', { documents: [{ ...synced, phase: 'syncing' }] }, 'syncing', 'Syncing'],
    ['away', { documents: [offline] }, 'offline', 'Offline'],
    ['away, notes wait', { documents: [offline], waitingNotes: 2 }, 'offline', 'Offline, 2 notes waiting'],
    [
      'away, a deletion waits',
      { documents: [offline], waitingChanges: 1 },
      'offline',
      'Offline, 1 change waiting',
    ],
    [
      'away, and nothing is kept',
      { documents: [{ ...offline, savedLocally: false, offlineError: noRoom }], waitingNotes: 1 },
      'offline',
      'Offline, not saved',
    ],
    ['connecting', { documents: [{ ...synced, phase: 'connecting' }] }, 'connecting', 'Connecting'],
    [
      'connecting, safe here',
      { documents: [{ ...synced, phase: 'connecting' }], waitingNotes: 1 },
      'saved-here',
      'Saved on this device',
    ],
    [
      'connecting, not yet safe here',
      { documents: [{ ...synced, phase: 'connecting', savedLocally: false }], waitingNotes: 1 },
      'connecting',
      'Connecting',
    ],
    ['no right', { documents: [{ ...offline, reason: refusal('forbidden') }] }, 'refused', 'No access'],
    [
      'a closed note is refused',
      { reasons: [refusal('too-large')], waitingNotes: 1 },
      'refused',
      'Too large',
    ],
    [
      'edits without the right',
      { documents: [{ ...synced, phase: 'syncing', access: 'read', reason: refusal('read-only') }] },
      'refused',
      'Read-only: edits stay here',
    ],
  ])('Q7 %s', (_what, facts, phase, label) => {
    expect(statusOf(facts)).toMatchObject({ phase, label });
  });

  test('Q7 it never says that all is saved while a document, a note or a reason says otherwise', () => {
    const phases: SyncStatus['phase'][] = ['loading', 'offline', 'connecting', 'syncing'];
    for (const phase of phases)
      expect(statusOf({ documents: [synced, { ...synced, phase }] }).phase).not.toBe('synced');
    expect(statusOf({ waitingNotes: 1 }).phase).not.toBe('synced');
    expect(statusOf({ documents: [{ ...synced, unsyncedChanges: 1 }] }).phase).not.toBe('synced');
  });

  test('Q7 the details say why, what to do, and what is lost with the window', () => {
    const reason = { ...refusal('unreachable'), isFinal: false };
    const away = statusOf({ documents: [{ ...offline, reason }], waitingNotes: 1 });
    expect(away.connection).toBe('None.');
    expect([away.server, away.canRetry]).toEqual([expect.stringContaining('Not there yet: 1 note'), true]);
    const noAccess = statusOf({ documents: [{ ...offline, reason: refusal('forbidden') }] });
    expect(noAccess.server).toContain('Ask whoever sent it to you');
    expect(statusOf({ documents: [{ ...synced, offlineError: noRoom }] }).device).toContain('no room left');
    expect(statusOf({}).device).toBe('Has everything saved.');
    expect(statusOf({ documents: [{ ...synced, savedLocally: false }] }).device).toContain('Is saving');
    expect(statusOf({ documents: [{ ...synced, transport: 'http' }] }).connection).toContain('HTTP');
  });

  test('Q14 the words of the server stand in the technical details, and nowhere else', () => {
    const reason: StatusReason = {
      ...refusal('forbidden'),
      code: 'FORBIDDEN',
      message: 'FORBIDDEN: its words',
    };
    const one = statusOf({ documents: [{ ...offline, reason, offlineError: noRoom }], reasons: [reason] });
    expect(one.technical).toBe('FORBIDDEN: its words\nno room');
    const { technical: _technical, ...plain } = one;
    expect(JSON.stringify(plain)).not.toMatch(/its words|FORBIDDEN|\(no room\)/);
    expect(statusOf({}).technical).toBe('');
  });
});
