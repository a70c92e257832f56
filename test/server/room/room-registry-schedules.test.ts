// Joins, writes, leaves, evictions and checkpoints in random order over a store that takes its time, or is away, or refuses the
// document alone.

import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import type { Room } from '../../../server/room/room.js';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import type { LogFields } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass } from '../../support/turns.js';

const document = parseDocumentName('doc');

describe('comings and goings', () => {
  const schedules = Number(process.env['SCHEDULES'] ?? 500);
  const fewer = Math.ceil(schedules / 3);
  it(`D1: who joins sees everything acknowledged, in ${schedules} random schedules over a slow store`, async () => {
    for (let seed = 1; seed <= schedules; seed++) await runSchedule(seed, 'slow');
  }, 120_000);

  it(`O8: also where the store does not answer, whether or not it has written (${fewer} schedules)`, async () => {
    for (let seed = 1; seed <= fewer; seed++) await runSchedule(seed, 'away');
  }, 120_000);

  it(`O7: also where the document fails alone, now and then (${fewer} schedules)`, async () => {
    for (let seed = 1; seed <= fewer; seed++) await runSchedule(seed, 'refusing');
  }, 120_000);

  /** From now on some appends fail, in the given way. Returns what makes the store well again. */
  function breakStore(store: ControlledStore, random: Random, how: 'slow' | 'away' | 'refusing'): () => void {
    const append = store.kept.append.bind(store.kept);
    if (how === 'slow') return () => {};
    store.kept.append = async (batch) => {
      const isBefore = random.chance(0.2);
      if (how === 'refusing') {
        const error = new StoreError('STORE_CONFLICT', 'now and then');
        return isBefore ? batch.map(() => ({ kind: 'failed', error })) : append(batch);
      }
      if (isBefore) throw new StoreError('STORE_AWAY', 'before it wrote');
      const outcomes = await append(batch);
      if (random.chance(0.2)) throw new StoreError('STORE_AWAY', 'after it wrote');
      return outcomes;
    };
    return () => {
      store.kept.append = append;
    };
  }

  async function runSchedule(seed: number, how: 'slow' | 'away' | 'refusing'): Promise<void> {
    const random = new Random(seed);
    const clock = createFakeClock();
    const store = new ControlledStore();
    const errors: LogFields[] = [];
    const slowness = 1 + random.int(400);
    const mend = breakStore(store, random, how);
    store.delay = () =>
      new Promise((resolve) => {
        clock.after(random.int(slowness), resolve);
      });
    const registry = new RoomRegistry<WatchedFanout>({
      store,
      worker: new InProcessWorker(),
      clock,
      limits: { ...defaultLimits, maxIdleBytes: random.chance(0.7) ? 0 : 5_000 },
      logger: { debug() {}, info() {}, warn() {}, error: (fields) => void errors.push(fields) },
      gc: true,
      commitIntervalMs: 10,
      createFanout: () => new WatchedFanout(),
      failed: (error) => void errors.push({ error }),
    });
    const here: { room: Room<WatchedFanout>; writer: WatchedWriter }[] = [];
    const texts = new Map<Uint8Array, string>();
    const acked = new Set<string>();
    const ackers: WatchedWriter[] = [];
    let clientId = 0;
    const joining = new Set<Promise<void>>();
    const note = (): void => {
      for (const writer of ackers)
        for (const update of writer.acked) acked.add(texts.get(update as Uint8Array)!);
    };
    const join = async (): Promise<void> => {
      const room = await registry.open(document);
      const writer = new WatchedWriter({ isLive: false });
      room.join(writer);
      registry.used(room);
      note();
      const content = textOf(room.content.all());
      for (const text of acked) expect(content, `seed ${seed} lost ${text}`).toContain(text);
      here.push({ room, writer });
      ackers.push(writer);
    };
    for (let step = 0; step < 25; step++) {
      for (const gone of here.filter(({ room }) => room.hasEnded)) here.splice(here.indexOf(gone), 1);
      const member = here.length === 0 ? undefined : random.pick(here);
      const action = random.int(4);
      if (action === 0 || member === undefined) {
        const joined = join().finally(() => joining.delete(joined));
        joining.add(joined);
      } else if (action === 1) {
        const text = `<${seed}.${step}>`;
        const update = editor(++clientId).edit(text);
        texts.set(update, text);
        await member.room.accept(update, member.writer, true);
      } else if (action === 2) {
        here.splice(here.indexOf(member), 1);
        member.room.leave(member.writer);
        registry.released(member.room);
      } else if (random.chance(0.3)) void registry.checkpoint(member.room);
      await pass(clock, random.int(900), 150);
    }
    for (let left = 20; left > 0 && joining.size > 0; left--) await pass(clock, 500, 50);
    expect(joining.size, `seed ${seed}: somebody never got in`).toBe(0);
    note();
    store.delay = () => undefined;
    mend();
    await pass(clock, 3_000, 500);
    await registry.close();
    note();
    if (how !== 'refusing') expect(acked.size, `seed ${seed}`).toBe(texts.size);
    const stored = await store.kept.load(document);
    const bytes = [stored?.checkpoint?.update, ...(stored?.records ?? []).map(({ update }) => update)];
    const content = textOf(bytes.filter((update) => update !== undefined));
    for (const text of acked) expect(content, `seed ${seed}`).toContain(text);
    const isEnd = ({ code }: LogFields): boolean => how === 'refusing' && code === 'STORE_UNAVAILABLE';
    expect(
      errors.filter((fields) => !isEnd(fields)),
      `seed ${seed}`,
    ).toEqual([]);
  }
});
