// Makes a concurrent trace by recording some Yjs clients at work: truth that does not come from what is tested.

import * as Y from 'yjs';
import type { SeededRandom } from '../../support/seeded-random.js';

type Patch = [position: number, deleted: number, inserted: string];

interface Transaction {
  readonly parents: number[];
  readonly agent: number;
  readonly patches: Patch[];
}

export interface RecordedTrace {
  readonly kind: 'concurrent';
  readonly endContent: string;
  readonly numAgents: number;
  readonly txns: readonly Transaction[];
}

/** A client that works in a line of its own, so that nobody inserts where another one does. */
interface Client {
  readonly ydoc: Y.Doc;
  readonly marker: string;
  /** Transactions it has seen, by index. */
  readonly seen: Set<number>;
}

const pieces = ['a', 'b', ' ', 'word ', 'é', '日本', '😀', '👩‍👩‍👧 '];

export function recordTrace(random: SeededRandom, agents: number, steps: number): RecordedTrace {
  const txns: Transaction[] = [];
  const clients = Array.from({ length: agents }, (_, agent): Client => ({
    ydoc: new Y.Doc(),
    marker: `<${agent}>`,
    seen: new Set(),
  }));
  const begin = clients[0]!;
  const frame = clients.map(({ marker }) => `${marker}\n`).join('');
  begin.ydoc.getText('text').insert(0, frame);
  txns.push({ parents: [], agent: 0, patches: [[0, 0, frame]] });
  begin.seen.add(0);
  for (const client of clients) read(begin, client);
  while (txns.length < steps) {
    const agent = random.int(agents);
    const client = clients[agent]!;
    if (random.chance(0.2)) read(random.pick(clients), client);
    const patches = Array.from({ length: 1 + random.int(2) }, () => edit(client, random));
    txns.push({ parents: headsOf(client, txns), agent, patches });
    client.seen.add(txns.length - 1);
  }
  for (const client of clients) read(client, begin);
  txns.push({ parents: headsOf(begin, txns), agent: 0, patches: [] });
  const endContent = begin.ydoc.getText('text').toString();
  return { kind: 'concurrent', endContent, numAgents: agents, txns };
}

function read(from: Client, to: Client): void {
  Y.applyUpdate(to.ydoc, Y.encodeStateAsUpdate(from.ydoc, Y.encodeStateVector(to.ydoc)));
  for (const index of from.seen) to.seen.add(index);
}

/** The seen transactions that no other seen one comes after. */
function headsOf({ seen }: Client, txns: readonly Transaction[]): number[] {
  const covered = new Set([...seen].flatMap((index) => txns[index]?.parents ?? []));
  return [...seen].filter((index) => index < txns.length && !covered.has(index)).sort((a, b) => a - b);
}

/** Somewhere behind the client's marker, in code points. */
function edit({ ydoc, marker }: Client, random: SeededRandom): Patch {
  const text = ydoc.getText('text');
  const content = text.toString();
  const start = content.indexOf(marker) + marker.length;
  const line = Array.from(content.slice(start, content.indexOf('\n', start)));
  const at = random.int(line.length + 1);
  const deleted = random.chance(0.4) ? Math.min(random.int(4), line.length - at) : 0;
  const inserted = deleted > 0 && random.chance(0.5) ? '' : random.pick(pieces);
  const unit = start + line.slice(0, at).join('').length;
  ydoc.transact(() => {
    text.delete(unit, line.slice(at, at + deleted).join('').length);
    text.insert(unit, inserted);
  });
  return [Array.from(content.slice(0, start)).length + at, deleted, inserted];
}
