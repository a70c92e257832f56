// What the commands print, into pipes whose readers are slow or go away, and into files on a full disk.

import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { openLevelStore } from '../../../server/store/level-store.js';
import { systemClock } from '../../../shared/clock.js';
import type { DocumentName } from '../../../shared/document-name.js';
import { makeFolder, runHeddle } from '../../support/server-process.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { runPiped } from './piped-command.js';

const count = 3_000;
const largeBytes = 600_000;
let base = '';
let data = '';
let remove: () => Promise<void> = async () => {};

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
  data = join(base, 'data');
  const store = await openLevelStore({ directory: data, durability: 'os', clock: systemClock });
  const append = async (name: string, update: Uint8Array): Promise<unknown> =>
    store.append([{ document: name as DocumentName, records: [{ offset: 1, time: 1, author: '', update }] }]);
  const small = Y.encodeStateAsUpdate(docWith('text', 'a'));
  for (let index = 0; index < count; index++) await append(`many/${String(index).padStart(200, '0')}`, small);
  await append('large', Y.encodeStateAsUpdate(docWith('text', noise(largeBytes))));
  await store.close();
});

afterAll(() => remove());

function docWith(name: string, text: string): Y.Doc {
  const ydoc = new Y.Doc();
  ydoc.getText(name).insert(0, text);
  return ydoc;
}

/** Letters that no compression shortens much. */
function noise(length: number): string {
  const random = new SeededRandom(1);
  return Array.from({ length }, () => String.fromCharCode(33 + random.int(90))).join('');
}

const names = (stdout: Buffer): string[] =>
  stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');

describe('what a command prints', () => {
  test('U17 the whole list comes to a reader that is slow', async () => {
    for (const reader of ['willing', 'slow'] as const) {
      const { code, stdout, stderr } = await runPiped(['docs', '--data', data], { reader });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(names(stdout)).toHaveLength(count + 1);
      expect(new Set(names(stdout)).size).toBe(count + 1);
    }
    const { stdout } = await runPiped(['docs', '--json', '--data', data], { reader: 'slow' });
    expect(
      stdout
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toHaveLength(count + 1);
  });

  test('U17 an export and a backup come whole to a reader that is slow', async () => {
    const file = join(base, 'large.update');
    await runHeddle(['export', 'large', file, '--data', data]);
    const { code, stdout } = await runPiped(['export', 'large', '-', '--data', data], { reader: 'slow' });
    expect(code).toBe(0);
    expect(stdout.equals(await readFile(file))).toBe(true);
    const backup = await runPiped(['backup', '-', '--data', data], { reader: 'slow' });
    expect(backup.code).toBe(0);
    const restored = join(base, 'restored');
    const restore = await runPiped(['restore', '-', '--data', restored], { input: backup.stdout });
    expect(restore.stdout.toString()).toContain(`${count + 1} documents restored`);
  });

  test('U17 a reader that goes early ends it quietly, and gets no success for half of a file', async () => {
    const docs = await runPiped(['docs', '--data', data], { reader: 'leaving' });
    expect(docs).toMatchObject({ code: 0, stderr: '' });
    expect(docs.stdout.byteLength).toBeGreaterThan(0);
    for (const args of [
      ['export', 'large', '-'],
      ['backup', '-'],
    ]) {
      const { code, stderr } = await runPiped([...args, '--data', data], { reader: 'leaving' });
      expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
    }
    // The list has been checked whoever listens.
    expect(await runPiped(['verify', '--data', data], { reader: 'leaving' })).toMatchObject({ code: 0 });
  });

  test.runIf(existsSync('/dev/full'))(
    'U17 standard output on a full disk is named as what is full',
    async () => {
      for (const args of [['docs'], ['export', 'large', '-'], ['backup', '-'], ['verify']]) {
        const full = openSync('/dev/full', 'w');
        const { code, stderr } = await runPiped([...args, '--data', data], { outputTo: full });
        closeSync(full);
        expect(stderr).toMatch(/^heddle: standard output cannot be written: its disk is full[^\n]*\n$/);
        expect(code).toBe(75);
      }
    },
  );
});
