// What the demo page says of a provider's status.

import { describe, expect, test } from 'vitest';
import { OfflineError, type StatusReason, type SyncStatus } from '../../client/index.js';
import { lastSameWords } from '../../examples/editor/status-dialog.js';
import { deviceWords, savedHere, statusWords, type StatusFacts } from '../../examples/editor/status-words.js';

const synced: SyncStatus = {
  phase: 'synced',
  savedLocally: true,
  unsyncedChanges: 0,
  unsyncedBytes: 0,
  refusedBytes: 0,
  unsyncedInTabs: false,
  lastSyncedAt: undefined,
  access: 'write',
  transport: 'websocket',
  reason: undefined,
  offlineError: undefined,
};

const forbidden: StatusReason = {
  kind: 'forbidden',
  code: 'FORBIDDEN',
  message: 'FORBIDDEN: not for you',
  isFinal: true,
};

const unreachable: StatusReason = {
  kind: 'unreachable',
  code: undefined,
  message: 'the connection was closed (1006)',
  isFinal: false,
};

function words(status: Partial<SyncStatus>, facts: Partial<StatusFacts> = {}) {
  const isSynced = (status.phase ?? 'synced') === 'synced';
  return statusWords({
    status: { ...synced, ...status },
    isCut: false,
    isSynced,
    isConnecting: false,
    ...facts,
  });
}

describe('words of the demo page', () => {
  test('U1 each phase has its words, with the number of edits that wait', () => {
    expect(words({}).label).toBe('Synced');
    expect(words({ access: 'read' }).label).toBe('Synced, read-only');
    expect(words({ phase: 'loading', unsyncedChanges: 2 }).label).toBe('Loading from this device');
    expect(words({ phase: 'connecting', unsyncedChanges: 1 }).label).toBe('Connecting, 1 edit waiting');
    expect(words({ phase: 'syncing', unsyncedChanges: 2 }).label).toBe('Syncing, 2 edits waiting');
    expect(words({ phase: 'offline', unsyncedChanges: 2 }, { isCut: true }).label).toBe(
      'Offline, 2 edits waiting',
    );
  });

  test('U1 a server out of reach is no refusal, and what to do is told', () => {
    const { phase, label, detail, technical } = words({
      phase: 'offline',
      unsyncedChanges: 1,
      reason: unreachable,
    });
    expect(phase).toBe('offline');
    expect(label).toBe('Server out of reach, 1 edit waiting');
    expect(detail).toMatch(/cannot be reached.*nothing you have to do/);
    expect(technical).toBe('the connection was closed (1006)');
  });

  test('U1 it says what the connection runs over when that is HTTP', () => {
    expect(words({ transport: 'http' }).label).toBe('Synced, over HTTP');
    expect(words({ transport: 'http', access: 'read' }).label).toBe('Synced, read-only, over HTTP');
    expect(words({ transport: 'http' }).detail).toContain('WebSocket');
    expect(words({}).detail).not.toContain('WebSocket');
  });

  test('U1 what is not in a complete transaction is not called kept, nor is anything where there is no copy', () => {
    const offlineError = new OfflineError('OFFLINE_UNAVAILABLE', 'refused');
    expect(savedHere(synced)).toBe('yes');
    expect(savedHere({ ...synced, savedLocally: false })).toBe('not-yet');
    expect(savedHere({ ...synced, offlineError })).toBe('never');
    expect(words({ savedLocally: false }, { isCut: true }).detail).toContain('are being written');
    expect(words({ offlineError }, { isCut: true }).detail).toContain('closing the window loses the edits');
    expect(deviceWords({ ...synced, offlineError }, 1)).toContain('as in a private window');
    expect(deviceWords(synced, 2)).toContain('device 2 of this browser');
  });

  test('U1 it tells when both sides were last the same', () => {
    const lastSyncedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(lastSameWords(lastSyncedAt)).toBe(new Date(lastSyncedAt).toLocaleString());
    expect(lastSameWords(undefined)).toBe('Not yet.');
  });

  test('U7 a refused window says why, until it is asked for again', () => {
    const refused = words({ phase: 'offline', reason: forbidden });
    expect(refused).toEqual({
      phase: 'refused',
      label: 'Refused',
      detail: 'This link does not let you in. Ask whoever sent it to you for one that does.',
      technical: 'FORBIDDEN: not for you',
      refused: 'window',
    });
    const asking = words({ phase: 'offline', reason: forbidden }, { isConnecting: true });
    expect(asking.phase).toBe('connecting');
    expect(asking.refused).toBeUndefined();
    expect(words({ phase: 'offline', reason: forbidden }, { isCut: true }).phase).toBe('offline');
  });

  test('A4 an edit that is not taken is told of while the rest goes on', () => {
    const reason: StatusReason = {
      kind: 'read-only',
      code: 'READ_ONLY',
      message: 'only reading',
      isFinal: true,
    };
    const status: Partial<SyncStatus> = { phase: 'syncing', access: 'read', unsyncedChanges: 1, reason };
    const told = words(status, { isSynced: true });
    expect(told.phase).toBe('refused');
    expect(told.refused).toBe('edit');
    expect(told.detail).toMatch(/^You may read this, but not change it\./);
    expect(told.technical).toBe('READ_ONLY: only reading');
    expect(words(status, { isSynced: false }).phase).toBe('connecting');
  });
});
