// A busy room in which some have stopped reading: the others must not notice, nor may the server's memory.

import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import { prepared } from '../input/prepared.js';
import type { PreparedUpdate, Script } from '../input/script.js';
import { textName } from '../input/text-name.js';
import { allDelivered, closeAll, openMany, verifyDocuments } from '../load/group.js';
import { Ledger } from '../load/ledger.js';
import type { Participant } from '../load/participant.js';
import { sendAtRate } from '../load/schedule.js';
import type { Measurement } from '../measurement.js';
import { reporting } from './progress.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { stretch } from './stretch.js';
import { relays, withStorage } from './passed-over.js';

const healthyReaders = 20;
const slowReaders = 5;
const fullPerS = 2_000;
const updateBytes = 500;
/** Before it counts they are larger, so that the sockets of both sides, which take 4 MB, are long full by then. */
const fillBytes = 1_250;
const clientId = 1000;
/** How long the slow ones read nothing. Servers that send such away do it within a minute. */
const stoppedMs = 62_000;
/** Given to slow readers that read again, to catch up or to notice that they were sent away. */
const patienceMs = 3_000;

export const slowReadersScenario: Scenario = {
  id: 'slow-readers',
  title: `${healthyReaders} readers beside ${slowReaders} that have stopped reading, ${fullPerS.toLocaleString('en')} updates/s`,
  passesOver: [relays, withStorage],
  needs: [],
  maxSeconds: 120,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const perS = scaled(fullPerS, size, 100);
  const seconds = Math.max(0.4, 4 * time);
  const script = longUpdates(Math.ceil(perS * seconds));
  const ledger = new Ledger(script);
  const healthy = await openMany(context, 'slow-readers', healthyReaders, () => ({
    ledger,
    isSampled: true,
  }));
  const slow = await openMany(context, 'slow-readers', slowReaders, () => ({ ledger }));
  const [writer] = await openMany(context, 'slow-readers', 1, () => ({ ledger, clientId }));
  const all = [...healthy, ...slow, writer!];
  try {
    if (context.capabilities.has('sync')) await Promise.all(all.map((one) => one.sync()));
    for (const one of slow) one.pause();
    const stopped = sleep(stoppedMs * time);
    const { updates } = script.writers[0]!;
    let next = 0;
    const send = (): void => writer!.type(updates[next++]!);
    await sendAtRate({ perS, seconds, send });
    await allDelivered(healthy);
    const measurement = await measureHealthy(context, { perS, seconds, send }, ledger, healthy);
    verifyDocuments(ledger, healthy);
    await stopped;
    return { ...measurement, notes: [...(measurement.notes ?? []), await fateOf(slow)] };
  } finally {
    closeAll(all);
  }
}

async function measureHealthy(
  context: ScenarioContext,
  schedule: { readonly perS: number; readonly seconds: number; send(): void },
  ledger: Ledger,
  healthy: readonly Participant[],
): Promise<Measurement> {
  ledger.latency.clear();
  const delivered = (): number => healthy.reduce((sum, one) => sum + one.deliveredOfOthers, 0);
  const before = delivered();
  const line = (): string => `${delivered() - before} deliveries to healthy readers`;
  return reporting(context, line, async () => {
    const { limits } = await stretch(context, async () => {
      const result = await sendAtRate(schedule);
      await allDelivered(healthy);
      return result;
    });
    const rssBytes = context.usage()?.rssBytes;
    return {
      figures: {
        deliveries: delivered() - before,
        healthyP99Ms: ledger.latency.quantile(0.99),
        ...(rssBytes === undefined ? {} : { rssBytes }),
      },
      latency: ledger.latency.curve(),
      ...limits,
    };
  });
}

/** Lets the slow ones read again, and says what became of them. */
async function fateOf(slow: readonly Participant[]): Promise<string> {
  for (const one of slow) one.resume();
  const until = performance.now() + patienceMs;
  while (performance.now() < until && !slow.every((one) => one.isLost || one.missing === 0)) await sleep(10);
  const away = slow.filter(({ isClosed }) => isClosed).length;
  const caughtUp = slow.filter((one) => !one.isClosed && one.missing === 0).length;
  const rest = slow.length - away - caughtUp;
  return (
    `of the ${slow.length} slow readers ${away} were sent away and ${caughtUp} caught up` +
    (rest === 0 ? '' : `; ${rest} stayed connected and still missed updates ${patienceMs / 1000} s later`)
  );
}

/**
 * One writer who adds a paragraph with every update, before the others: behind them, Yjs would copy the whole text.
 * `count` to fill the sockets, and as many that are measured.
 */
function longUpdates(count: number): Script {
  const ydoc = new Y.Doc();
  ydoc.clientID = clientId;
  const updates: PreparedUpdate[] = [];
  ydoc.on('update', (update: Uint8Array) => updates.push(prepared(update, clientId)));
  const text = ydoc.getText(textName);
  for (let i = 0; i < 2 * count; i++) text.insert(0, paragraph(i, i < count ? fillBytes : updateBytes));
  return { base: emptyUpdate, writers: [{ clientId, updates }] };
}

/** As many characters as make an update of so many bytes. */
function paragraph(index: number, bytes: number): string {
  return `${index} `.padEnd(bytes - 20, 'and so on ');
}
