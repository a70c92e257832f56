// Every counter that comes out the same on any machine, and what it may be at most: bench/budgets.json.

import { readFileSync } from 'node:fs';
import { bundled, outputOf } from './node-script.js';
import { countReturns, typedDocument } from './returns.js';
import { ReturningClients } from './returning.js';
import { countRooms, type RoomLoad } from './rooms.js';

export interface Budget {
  /** The most that is allowed. */
  readonly budget: number;
  readonly unit: string;
  /** What is counted, in words. */
  readonly what: string;
}

export const budgets = JSON.parse(
  readFileSync(new URL('../../../bench/budgets.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Budget>>;

const loads: Readonly<Record<string, RoomLoad>> = {
  hotRoom: { rooms: 1, writers: 20, readers: 20, everyMs: 2, updates: 1_000, isBusy: true },
  hotRoomAtLeisure: { rooms: 1, writers: 20, readers: 20, everyMs: 2, updates: 1_000 },
  quietRoom: { rooms: 1, writers: 1, readers: 10, everyMs: 200, updates: 40 },
  smallRooms: { rooms: 50, writers: 1, readers: 1, everyMs: 1, updates: 1_000 },
};

/** Room for what is allocated between two collections, MB: none may come while it is counted. */
const newSpaceMB = 256;

/** Each counter by its name in the budgets. Takes a few seconds. */
export async function measureCounters(): Promise<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const [name, load] of Object.entries(loads))
    for (const [key, value] of Object.entries(await countRooms(load))) counters[`${name}.${key}`] = value;
  return { ...counters, ...(await measureReturns()), ...(await measureAllocation()) };
}

async function measureReturns(): Promise<Record<string, number>> {
  const document = typedDocument();
  const one = await countReturns(document, 1);
  const many = await countReturns(document, 10_000);
  return {
    'returns.oneDownloaded': one.offsetAcross.down,
    'returns.manyDownloaded': many.offsetAcross.down / many.missedBytes,
    'returns.uploaded': many.offsetAcross.up,
    ...(await measureResumption()),
  };
}

/** What one client costs that comes back where it stood, on a connection that is open. */
async function measureResumption(): Promise<Record<string, number>> {
  const clients = await ReturningClients.connect(1);
  await clients.open();
  const { frames, topicChanges } = clients.counted();
  clients.close();
  await clients.end();
  return { 'returns.frames': frames, 'returns.topicChanges': topicChanges };
}

async function measureAllocation(): Promise<Record<string, number>> {
  const script = await bundled('allocation');
  try {
    const output = await outputOf(process.execPath, [
      '--expose-gc',
      `--min-semi-space-size=${newSpaceMB}`,
      `--max-semi-space-size=${newSpaceMB}`,
      '--single-threaded',
      script.file,
    ]);
    return JSON.parse(output) as Record<string, number>;
  } finally {
    await script.remove();
  }
}

/** Counters beside their budgets, one to a line. */
export function counterTable(counters: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counters).map(([name, value]) => {
    const { budget, unit } = budgets[name] ?? { budget: Number.NaN, unit: '' };
    return `${name.padEnd(32)} ${value.toPrecision(4).padStart(10)} of ${String(budget).padStart(8)} ${unit}`;
  });
  return rows.join('\n');
}
