// What coming back costs on the wire, as a table: on a document of about the size of a large trace, and on the recorded
// traces in the folder that HEDDLE_TRACES names, which takes a minute.

import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { traceFiles } from '../support/traces.js';
import { countReturns, tracedDocument, typedDocument, type Returns } from './counters/returns.js';

const documents = [
  { name: 'a typed document', make: typedDocument },
  ...(process.env['HEDDLE_TRACES'] === undefined ? [] : traceFiles()).map((file) => ({
    name: basename(file),
    make: () => tracedDocument(file),
  })),
];

const ways = ['offset', 'offsetAcross', 'stateVector', 'stock'] as const;

describe.each(documents)('$name', ({ name, make }) => {
  test('N5 N8 H11 who comes back by offset is sent what was missed and no more, and sends nothing', async () => {
    const document = make();
    const rows: Returns[] = [];
    for (const missed of [0, 1, 100, 10_000]) rows.push(await countReturns(document, missed));
    console.info(`${name}: bytes down / up`);
    console.table(
      rows.map(({ missed, missedBytes, ...traffic }) => ({
        missed,
        missedBytes,
        ...Object.fromEntries(ways.map((way) => [way, `${traffic[way].down} / ${traffic[way].up}`])),
      })),
    );
    const [nothing, ...others] = rows as [Returns, ...Returns[]];
    for (const { missed, missedBytes, ...traffic } of others) {
      for (const way of ['offset', 'offsetAcross'] as const) {
        // Beside what it takes to open a document of which nothing was missed.
        const added = traffic[way].down - nothing[way].down;
        expect(added, `${way}, ${missed} missed`).toBeLessThanOrEqual(missedBytes * 1.2);
        expect(traffic[way].up - nothing[way].up, `${way}, ${missed} missed`).toBeLessThan(4);
      }
    }
  }, 120_000);
});
