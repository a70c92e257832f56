// Traces are read as they are, refused when they are none, and their updates end in what they say.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as Y from 'yjs';
import { afterAll, describe, expect, test } from 'vitest';
import { largeDocument } from '../../../bench/input/documents.js';
import { readTrace, TraceError, traceScript, type TraceScript } from '../../../bench/input/trace.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { traceFiles } from '../../support/traces.js';
import { factsOf } from './facts.js';
import { recordTrace } from './recorded-trace.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(content: string | Uint8Array, ending = 'json'): string {
  const file = join(folder, `${files++}.${ending}`);
  writeFileSync(file, content);
  return file;
}

function scriptOf(trace: unknown): TraceScript {
  return traceScript(readTrace(fileOf(JSON.stringify(trace))));
}

function replayed({ updates }: TraceScript): string {
  const ydoc = new Y.Doc();
  ydoc.transact(() => {
    for (const { update } of updates) Y.applyUpdate(ydoc, update);
  });
  expect([ydoc.store.pendingStructs, ydoc.store.pendingDs]).toEqual([null, null]);
  return ydoc.getText('text').toString();
}

/** Each update, into a replica that has what the update depends on and nothing else. */
function expectDependencies({ updates }: TraceScript): void {
  const all = updates.map(({ dependsOn }, index) => {
    expect(Math.max(-1, ...dependsOn)).toBeLessThan(index);
    return dependsOn;
  });
  for (const [index, { update, agent, clientId, from, to, deleted }] of updates.entries()) {
    const before = new Set<number>();
    const visit = (at: number): void => {
      if (before.has(at)) return;
      before.add(at);
      for (const next of all[at]!) visit(next);
    };
    for (const at of all[index]!) visit(at);
    const ydoc = new Y.Doc();
    for (const at of [...before].sort((a, b) => a - b)) Y.applyUpdate(ydoc, updates[at]!.update);
    Y.applyUpdate(ydoc, update);
    expect([ydoc.store.pendingStructs, ydoc.store.pendingDs]).toEqual([null, null]);
    const own = updates
      .slice(0, index)
      .map((other) => other.agent)
      .lastIndexOf(agent);
    if (own !== -1) expect(before.has(own)).toBe(true);
    const facts = factsOf(update);
    expect(facts.deleted.length).toBe(deleted);
    if (facts.clients.length > 0)
      expect([facts.clients, facts.from, facts.to]).toEqual([[clientId], from, to]);
  }
}

describe('sequential traces', () => {
  const txns = [
    { patches: [[0, 0, 'hello 😀 wörld']] },
    { patches: [[7, 0, '👍']] },
    {
      patches: [
        [9, 5, 'x😀y'],
        [0, 5, 'bye'],
      ],
    },
    { patches: [[4, 1, '', '2023-01-01T00:00:00Z']] },
    { patches: [[3, 0, '']] },
    { patches: [[4, 1, '']] },
    { patches: [[5, 0, '日本']] },
  ];

  test('H8 positions count code points', () => {
    const points: string[] = [];
    for (const { patches } of txns)
      for (const [at, deleted, inserted] of patches as [number, number, string][])
        points.splice(at, deleted, ...inserted);
    const script = scriptOf({ startContent: '', endContent: points.join(''), txns });
    expect(script.agents).toBe(1);
    expect(script.isSourceContent).toBe(true);
    // One of the transactions changes nothing.
    expect(script.updates.length).toBe(txns.length - 1);
    expect(script.updates.map(({ dependsOn }) => dependsOn)).toEqual([[], [0], [1], [2], [3], [4]]);
    expect(replayed(script)).toBe(points.join(''));
    expectDependencies(script);
  });

  test('H8 what was there at the start is an update like the others', () => {
    const script = scriptOf({ startContent: 'abc', endContent: 'abd', txns: [{ patches: [[2, 1, 'd']] }] });
    expect(script.updates.length).toBe(2);
    expect(replayed(script)).toBe('abd');
    expectDependencies(script);
  });

  test('H8 a trace that does not end in its endContent is refused', () => {
    const make = (patch: unknown): unknown => ({
      startContent: '',
      endContent: 'abc',
      txns: [{ patches: [patch] }],
    });
    for (const patch of [
      [0, 0, 'ab'],
      [9, 0, 'ab'],
      [0, 9, 'ab'],
    ]) {
      const trace = readTrace(fileOf(JSON.stringify(make(patch))));
      expect(() => traceScript(trace)).toThrow(TraceError);
    }
  });

  test('H8 an empty trace is an empty text', () => {
    const script = scriptOf({ endContent: '', txns: [] });
    expect([script.agents, script.updates.length, script.endContent]).toEqual([1, 0, '']);
  });
});

describe('concurrent traces', () => {
  test.each([1, 2, 3, 4, 5])('H8 three clients at work, recorded: seed %i', (seed) => {
    const trace = recordTrace(new SeededRandom(seed), 3, 150);
    const script = scriptOf(trace);
    expect(script.agents).toBe(3);
    expect(script.isSourceContent).toBe(true);
    expect(replayed(script)).toBe(trace.endContent);
    expectDependencies(script);
    const whole = new Y.Doc();
    Y.applyUpdate(whole, script.document);
    expect(whole.getText('text').toString()).toBe(trace.endContent);
  });

  test('H8 concurrent inserts at one place come out as in the trace where client ids can bring that about', () => {
    for (const endContent of ['ab', 'ba']) {
      const script = scriptOf({
        kind: 'concurrent',
        endContent: `<${endContent}>`,
        numAgents: 2,
        txns: [
          { parents: [], agent: 0, patches: [[0, 0, '<>']] },
          { parents: [0], agent: 0, patches: [[1, 0, 'a']] },
          { parents: [0], agent: 1, patches: [[1, 0, 'b']] },
          { parents: [1, 2], agent: 0, patches: [] },
        ],
      });
      expect(script.isSourceContent).toBe(true);
      expect(replayed(script)).toBe(`<${endContent}>`);
    }
  });

  test('H8 where they cannot, the text is what Yjs makes of it, and that is said', () => {
    const script = scriptOf({
      kind: 'concurrent',
      endContent: 'something else',
      numAgents: 2,
      txns: [
        { parents: [], agent: 0, patches: [[0, 0, '<>']] },
        { parents: [0], agent: 1, patches: [[1, 0, 'b']] },
      ],
    });
    expect(script.isSourceContent).toBe(false);
    expect(script.endContent).toBe('<b>');
    expect(replayed(script)).toBe('<b>');
  });

  test('H8 who goes on without their own last edit counts as two', () => {
    const script = scriptOf({
      kind: 'concurrent',
      endContent: '<a.b>',
      numAgents: 1,
      txns: [
        { parents: [], agent: 0, patches: [[0, 0, '<.>']] },
        { parents: [0], agent: 0, patches: [[1, 0, 'a']] },
        { parents: [0], agent: 0, patches: [[2, 0, 'b']] },
        { parents: [1, 2], agent: 0, patches: [] },
      ],
    });
    expect(script.agents).toBe(2);
    expect(replayed(script)).toBe('<a.b>');
    expectDependencies(script);
  });
});

describe('trace files', () => {
  const trace = { startContent: '', endContent: 'a', txns: [{ patches: [[0, 0, 'a']] }] };

  test('a file is read compressed or not, whatever its name', () => {
    const json = JSON.stringify(trace);
    const plain = readTrace(fileOf(json));
    expect(plain).toEqual({
      ...trace,
      isConcurrent: false,
      txns: [{ agent: 0, parents: [], ...trace.txns[0] }],
    });
    expect(readTrace(fileOf(gzipSync(json), 'json.gz'))).toEqual(plain);
    expect(readTrace(fileOf(gzipSync(json), 'trace'))).toEqual(plain);
  });

  const concurrent = { kind: 'concurrent', endContent: '' };
  test.each([
    ['not JSON', 'hello'],
    ['empty', ''],
    ['cut off while compressed', gzipSync('{"txns": []}').subarray(0, 20)],
    ['null', 'null'],
    ['a list', '[]'],
    ['without endContent', JSON.stringify({ txns: [] })],
    ['without txns', JSON.stringify({ endContent: '' })],
    ['a transaction that is none', JSON.stringify({ endContent: '', txns: [null] })],
    ['without patches', JSON.stringify({ endContent: '', txns: [{}] })],
    ['a patch that is none', JSON.stringify({ endContent: '', txns: [{ patches: [[0, 'a']] }] })],
    ['a position below 0', JSON.stringify({ endContent: '', txns: [{ patches: [[-1, 0, 'a']] }] })],
    ['startContent that is no text', JSON.stringify({ ...trace, startContent: 1 })],
    ['no agent', JSON.stringify({ ...concurrent, txns: [{ parents: [], patches: [] }] })],
    ['no parents', JSON.stringify({ ...concurrent, txns: [{ agent: 0, patches: [] }] })],
    [
      'parents that come later',
      JSON.stringify({ ...concurrent, txns: [{ agent: 0, parents: [0], patches: [] }] }),
    ],
  ])('one that is none is refused by name: %s', (_, content) => {
    const file = fileOf(content);
    expect(() => readTrace(file)).toThrow(TraceError);
    expect(() => readTrace(file)).toThrow(file);
  });

  test('one that is not there is refused by name', () => {
    expect(() => readTrace(join(folder, 'none.json'))).toThrow(TraceError);
    expect(() => largeDocument({ seed: 1, trace: join(folder, 'none.json') })).toThrow('none.json');
  });

  test('the large document can be that of a trace', () => {
    const { update } = largeDocument({ seed: 1, trace: fileOf(JSON.stringify(trace)) });
    const ydoc = new Y.Doc();
    Y.applyUpdate(ydoc, update);
    expect(ydoc.getText('text').toString()).toBe('a');
  });
});

describe.skipIf(traceFiles().length === 0)('recorded traces, where there are some', () => {
  test.each(traceFiles().map((file) => [file.split('/').at(-1), file] as const))(
    'H8 %s ends in its endContent',
    (_, file) => {
      const trace = readTrace(file);
      const script = traceScript(trace);
      expect(script.isSourceContent).toBe(true);
      expect(replayed(script) === trace.endContent).toBe(true);
    },
    120_000,
  );
});
