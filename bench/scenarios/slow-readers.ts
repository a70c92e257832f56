// A busy room in which some have stopped reading: the others must not notice, nor may the server's memory.

import * as Y from 'yjs';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import { prepared } from '../input/prepared.js';
import type { PreparedUpdate, Script } from '../input/script.js';
import { textName } from '../input/text-name.js';
import { allDelivered, closeAll, openMany, verifyDocuments } from '../load/group.js';
import { Ledger } from '../load/ledger.js';
import { LimitWatch } from '../load/limit-watch.js';
import type { Participant } from '../load/participant.js';
import { sendAtRate } from '../load/schedule.js';
import type { Measurement } from '../measurement.js';
import { reporting } from './progress.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { sleep } from './sleep.js';
import { limitOf } from './typing-figures.js';
import { relays, withStorage } from './passed-over.js';

const healthyReaders = 20;
const slowReaders = 5;
const fullPerS = 2_000;
const updateBytes = 500;
const clientId = 1000;
/** Given to slow readers that read again, to catch up or to notice that they were sent away. */
const patienceMs = 3_000;

export const slowReadersScenario: Scenario = {
  id: 'slow-readers',
  title: `${healthyReaders} readers beside ${slowReaders} that have stopped reading, ${fullPerS.toLocaleString('en')} updates/s`,
  passesOver: [...relays, ...withStorage],
  needs: [],
  maxSeconds: 90,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const perS = scaled(fullPerS, size, 100);
  // The slow ones stop before the warm-up: what the sockets of both sides take must be full when it counts.
  const seconds = Math.max(0.4, 4 * time);
  const script = longUpdates(2 * Math.ceil(perS * seconds));
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
    const { updates } = script.writers[0]!;
    let next = 0;
    const send = (): void => writer!.type(updates[next++]!);
    await sendAtRate({ perS, seconds, send });
    await allDelivered(healthy);
    const measurement = await measureHealthy(context, { perS, seconds, send }, ledger, healthy);
    verifyDocuments(ledger, healthy);
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
    const watch = LimitWatch.start(context.endpoint.pid);
    const sent = await sendAtRate(schedule);
    await allDelivered(healthy);
    const rssBytes = context.usage()?.rssBytes;
    const found = watch.stop(sent);
    return {
      figures: {
        deliveries: delivered() - before,
        healthyP99Ms: ledger.latency.quantile(0.99),
        ...(rssBytes === undefined ? {} : { rssBytes }),
      },
      latency: ledger.latency.curve(),
      ...limitOf(found),
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

/** One writer who adds a paragraph with every update, before the others: behind them, Yjs would copy the whole text. */
function longUpdates(count: number): Script {
  const ydoc = new Y.Doc();
  ydoc.clientID = clientId;
  const updates: PreparedUpdate[] = [];
  ydoc.on('update', (update: Uint8Array) => updates.push(prepared(update, clientId)));
  const text = ydoc.getText(textName);
  for (let i = 0; i < count; i++) text.insert(0, paragraph(i));
  return { base: emptyUpdate, writers: [{ clientId, updates }] };
}

/** As many bytes as leave the update at {@link updateBytes}. */
function paragraph(index: number): string {
  return `${index} `.padEnd(updateBytes - 20, 'and so on ');
}
