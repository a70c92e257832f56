// Updates that hurt somebody: crash or hang a reader, poison a document for good, or touch what belongs to another
// user. Built from their descriptions, the same bytes every time; the tests of the sockets send them as well.

import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** The client id that wrote the seed document, and the one all hostile structs are written under. */
export const VICTIM = 1000;
export const ATTACKER = 2000;
/** Whoever writes the text that hostile structs are inserted in. Below ATTACKER, so that Yjs orders its structs first. */
export const CROWD = 1500;

export interface HostileUpdate {
  readonly name: string;
  /** Updates in the order they are sent; all before the last are taken. */
  readonly build: () => Uint8Array[];
  /**
   * What becomes of the last: refused with an error, costly: refused after a trial, as the causal index alone takes it; blocked because something is missing or belongs to another, or
   * harmless: taken whole, in part or not at all, and the document still loads everywhere.
   */
  readonly expectation: 'refused' | 'blocked' | 'costly' | 'harmless';
}

/** An update with the text "Hello world" by VICTIM: what every hostile update is sent to. */
export function seedUpdate(): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = VICTIM;
  doc.getText('text').insert(0, 'Hello world');
  return Y.encodeStateAsUpdate(doc);
}

type Id = readonly [client: number, clock: number];
type Part = number | string | Uint8Array;

/** Numbers as varints, strings with their length, bytes as they are. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  return joined(parts);
}

function joined(parts: readonly Part[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part);
    else if (typeof part === 'string') encoding.writeVarString(encoder, part);
    else encoding.writeUint8Array(encoder, part);
  }
  return encoding.toUint8Array(encoder);
}

export const raw = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);

interface Where {
  readonly origin?: Id;
  readonly right?: Id;
  readonly root?: string;
  readonly parent?: Id;
  readonly sub?: string;
}

/** One struct: content reference number, place, content. */
export function item(ref: number, where: Where, ...content: readonly Part[]): Uint8Array {
  const { origin, right, root, parent, sub } = where;
  const info = ref | (origin ? 0x80 : 0) | (right ? 0x40 : 0) | (sub === undefined ? 0 : 0x20);
  const parts: Part[] = [raw(info)];
  if (origin) parts.push(...origin);
  if (right) parts.push(...right);
  if (!origin && !right) {
    if (parent) parts.push(0, ...parent);
    else parts.push(1, root ?? 'text');
    if (sub !== undefined) parts.push(sub);
  }
  return bytesOf(...parts, ...content);
}

export const text = (where: Where, content: string): Uint8Array => item(4, where, content);
const gc = (length: number): Uint8Array => bytesOf(0, length);
const skip = (length: number): Uint8Array => bytesOf(10, length);

type Block = readonly [client: number, clock: number, structs: readonly Uint8Array[]];
type Deletes = readonly [client: number, ...ranges: (readonly [clock: number, length: number])[]];

export function update(blocks: readonly Block[], deletes: readonly Deletes[] = []): Uint8Array {
  const parts: Part[] = [blocks.length];
  for (const [client, clock, structs] of blocks) parts.push(structs.length, client, clock, joined(structs));
  parts.push(deletes.length);
  for (const [client, ...ranges] of deletes) parts.push(client, ranges.length, joined(ranges.flat()));
  return joined(parts);
}

const many = (structs: readonly Uint8Array[]): Uint8Array[] => [update([[ATTACKER, 0, structs]])];
const one = (...structs: readonly Uint8Array[]): Uint8Array[] => many(structs);
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const deepJson = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const deepAny = (depth: number): Uint8Array => joined([...times(depth, () => raw(117, 1)), raw(126)]);
const any = (...values: readonly Part[]): Uint8Array => item(8, { root: 'list' }, values.length, ...values);
/** The varint of 2^53, one more than the largest client id. */
export const TOO_LARGE = raw(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
const END: Id = [VICTIM, 10];
const A: Id = [ATTACKER, 0];

/** Types inside each other, `depth` of them: the first in a root. */
function nested(depth: number, from = 0): Uint8Array[] {
  return times(depth, (i) =>
    item(7, i + from === 0 ? { root: 'list' } : { parent: [ATTACKER, i + from - 1] }, 0),
  );
}

const refused: Record<string, () => Uint8Array[]> = {
  'zero-length GC': () => one(gc(0)),
  'zero-length GC on the victim': () => [update([[VICTIM, 11, [gc(0)]]])],
  'zero-length Deleted': () => one(item(1, { root: 'text' }, 0)),
  'zero-length Deleted, then a real struct': () =>
    one(item(1, { root: 'text' }, 0), text({ root: 'text' }, 'x')),
  'map entry with no values': () => one(item(8, { root: 'map', sub: 'k' }, 0)),
  'JSON array with no values': () => one(item(2, { root: 'list' }, 0)),
  'empty string': () => one(text({ root: 'text' }, '')),
  'deep JSON': () => one(item(2, { root: 'list' }, 1, deepJson(4100))),
  'deep embed': () => one(item(5, { root: 'text' }, deepJson(4100))),
  'deep format': () => one(item(6, { root: 'text' }, 'bold', deepJson(4100))),
  'JSON one level too deep': () => one(item(5, { root: 'text' }, deepJson(101))),
  'any 4 000 deep': () => one(any(deepAny(4000))),
  'any 8 000 deep': () => one(any(deepAny(8000))),
  'any a million deep': () => one(any(deepAny(1_000_000))),
  'deep subdocument options': () =>
    one(item(9, { root: 'list' }, 'guid', raw(118, 1), 'meta', deepAny(4000))),
  'types 2 000 deep': () => many(nested(2000)),
  'types 2 000 deep, then deleted': () => [update([[ATTACKER, 0, nested(2000)]], [[ATTACKER, [0, 1]]])],
  'types too deep, update by update': () => times(102, (i) => update([[ATTACKER, i, nested(1, i)]])),
  'delete set over all clocks': () => [update([], [[VICTIM, [0, Number.MAX_SAFE_INTEGER]]])],
  'GC over 2^40 clocks': () => one(gc(2 ** 40)),
  'clocks past 2^32': () => [update([[ATTACKER, 2 ** 32 - 2, [gc(5)]]])],
  'Skip with high bits': () => [bytesOf(1, 2, ATTACKER, 0, raw(0x8a), 3, text({ root: 'text' }, 'x'), 0)],
  'GC with high bits': () => [bytesOf(1, 1, ATTACKER, 0, raw(0x40), 3, 0)],
  'client block twice': () => [
    update([
      [ATTACKER, 0, [text({ root: 'text' }, 'x')]],
      [ATTACKER, 0, [text({ root: 'text' }, 'y')]],
    ]),
  ],
  'client block twice, apart': () => [
    update([
      [ATTACKER, 0, [text({ root: 'text' }, 'x')]],
      [1, 0, [text({ root: 'text' }, 'z')]],
      [ATTACKER, 1, [text({ root: 'text' }, 'y')]],
    ]),
  ],
  'delete block twice': () => [
    update(
      [],
      [
        [VICTIM, [0, 1]],
        [5, [0, 1]],
        [VICTIM, [2, 1]],
      ],
    ),
  ],
  'any key __proto__': () => one(any(bytesOf(raw(118, 1), '__proto__', raw(118, 0)))),
  'JSON key __proto__': () => one(item(5, { root: 'text' }, '{"__proto__":{"x":1}}')),
  'JSON key __proto__, escaped': () => one(item(5, { root: 'text' }, '{"a":[{"__pro\\u0074o__":1}]}')),
  'map key __proto__': () => one(item(8, { root: 'map', sub: '__proto__' }, 1, raw(118, 0))),
  'text as the value of a key': () => one(text({ root: 'map', sub: 'k' }, 'abc')),
  'text beside the value of a key': () =>
    one(item(8, { root: 'map', sub: 'k' }, 1, raw(126)), text({ origin: A }, 'abc')),
  'root __proto__': () => one(text({ root: '__proto__' }, 'x')),
  'format __proto__': () => one(item(6, { root: 'text' }, '__proto__', 'true')),
  'key too long': () => one(item(8, { root: 'map', sub: 'k'.repeat(2000) }, 1, raw(126))),
  'overlong varint': () => [bytesOf(1, 1, raw(0xd0, 0x8f, 0x00), 0, text({ root: 'text' }, 'x'), 0)],
  'overlong count': () => [bytesOf(raw(0x80, 0x00), 0)],
  'overlong integer value': () => one(any(raw(125, 0x80, 0x00))),
  'endless varint': () => [raw(...times(64, () => 0xff))],
  '2^25 structs in 8 bytes': () => [bytesOf(1, 2 ** 25, ATTACKER, 0)],
  '2^53 clients': () => [bytesOf(Number.MAX_SAFE_INTEGER, 0)],
  '2^53 structs': () => [bytesOf(1, Number.MAX_SAFE_INTEGER, ATTACKER, 0)],
  '2^53 delete blocks': () => [bytesOf(0, Number.MAX_SAFE_INTEGER)],
  '2^53 delete ranges': () => [bytesOf(0, 1, VICTIM, Number.MAX_SAFE_INTEGER)],
  '2^31 values': () => one(item(8, { root: 'list' }, 2 ** 31)),
  'array of 2^31 values': () => one(any(bytesOf(raw(117), 2 ** 31))),
  'client id of 2^53': () => [bytesOf(1, 1, TOO_LARGE, 0, text({ root: 'text' }, 'x'), 0)],
  'client id of 2^53 as an origin': () => one(bytesOf(raw(0x84), TOO_LARGE, 0, 'x')),
  'client id of 2^53 as a right origin': () => one(bytesOf(raw(0x44), TOO_LARGE, 0, 'x')),
  'client id of 2^53 as a parent': () => one(bytesOf(raw(0x04), 0, TOO_LARGE, 0, 'x')),
  'client id of 2^53 in the delete set': () => [bytesOf(0, 1, TOO_LARGE, 1, 0, 1)],
  'client id of nine bytes': () => [
    bytesOf(1, 1, raw(...times(8, () => 0x80), 1), 0, text({ root: 'text' }, 'x'), 0),
  ],
  'overlong client id of eight bytes': () => [
    bytesOf(1, 1, raw(...times(7, () => 0x81), 0), 0, text({ root: 'text' }, 'x'), 0),
  ],
  'client id of 53 bits twice': () => [
    update([
      [2 ** 53 - 1, 0, [text({ root: 'text' }, 'x')]],
      [2 ** 53 - 1, 1, [text({ root: 'text' }, 'y')]],
    ]),
  ],
  'unknown content': () => one(item(11, { root: 'text' }, 1)),
  'content 31': () => one(item(31, { root: 'text' }, 1)),
  'unknown type': () => one(item(7, { root: 'text' }, 7)),
  'unknown value': () => one(any(raw(115))),
  'unknown parent info': () => [bytesOf(1, 1, ATTACKER, 0, raw(4), 2, 0, 0, 'x', 0)],
  'bad JSON': () => one(item(5, { root: 'text' }, '{"a":')),
  'empty JSON': () => one(item(5, { root: 'text' }, '')),
  'undefined as an embed': () => one(item(5, { root: 'text' }, 'undefined')),
  'bad UTF-8': () => one(item(4, { root: 'text' }, raw(2, 0xc3, 0x28))),
  'lone surrogate': () => one(item(4, { root: 'text' }, raw(3, 0xed, 0xa0, 0x80))),
  'overlong UTF-8': () => one(item(4, { root: 'text' }, raw(2, 0xc0, 0x80))),
  'length past the end': () => one(item(4, { root: 'text' }, raw(0x7f, 0x61))),
  'binary past the end': () => one(item(3, { root: 'list' }, 1000, raw(1))),
  'trailing bytes': () => [bytesOf(seedUpdate(), raw(0))],
  'empty message': () => [raw()],
  'truncated in the delete set': () => [
    bytesOf(1, 1, ATTACKER, 0, text({ root: 'text' }, 'x'), 1, VICTIM, 1, 0),
  ],
  'empty delete range': () => [update([], [[VICTIM, [0, 0]]])],
  'origin is itself': () => one(text({ origin: [ATTACKER, 0] }, 'x')),
  'right origin is later': () =>
    one(text({ right: [ATTACKER, 7] }, 'x'), text({ root: 'text' }, 'long enough')),
  'parent is itself': () => one(item(7, { parent: [ATTACKER, 0] }, 0)),
  'parent is text': () => one(text({ parent: [VICTIM, 3] }, 'x')),
  'parent is text of the same update': () => one(text({ root: 'text' }, 'x'), text({ parent: A }, 'y')),
  'subdocument options null': () => one(item(9, { root: 'list' }, 'guid', raw(126))),
  'subdocument options array': () => one(item(9, { root: 'list' }, 'guid', raw(117, 0))),
  'subdocument option guid': () => one(item(9, { root: 'list' }, 'a', raw(118, 1), 'guid', raw(126))),
  'subdocument option gcFilter': () => one(item(9, { root: 'list' }, 'a', raw(118, 1), 'gcFilter', raw(120))),
  '100 000 client ids': () => [
    update(times(100_000, (i) => [200_000 - i, 0, [text({ root: 'text' }, 'x')]])),
  ],
  '500 000 delete ranges': () => [
    bytesOf(0, 1, VICTIM, 500_000, joined(times(1_000_000, (i) => (i % 2 === 0 ? i : 1)))),
  ],
  '100 000 subdocuments': () => many(times(100_000, () => item(9, { root: 'list' }, 'a', raw(118, 0)))),
  '20 000 roots': () => many(times(20_000, (i) => text({ root: `root ${i}` }, 'x'))),
  '5 million empty objects': () => {
    const objects = new Uint8Array(10_000_000);
    for (let i = 0; i < objects.length; i += 2) objects[i] = 118;
    return one(any(bytesOf(raw(117), 5_000_000, objects)));
  },
  '5 million numbers of JSON': () => one(item(5, { root: 'text' }, `[${'1,'.repeat(5_000_000)}1]`)),
};

const blocked: Record<string, () => Uint8Array[]> = {
  'GC on clocks the victim has yet to write': () => [update([[VICTIM, 11, [gc(1)]]])],
  'Deleted on clocks the victim has yet to write': () => [
    update([[VICTIM, 11, [item(1, { root: 'text' }, 5)]]]),
  ],
  'GC far ahead of the victim': () => [update([[VICTIM, 4_000_000_000, [gc(5)]]])],
  "item at the victim's next clock": () => [update([[VICTIM, 11, [text({ origin: END }, 'forged')]]])],
  'delete of what the victim has yet to write': () => [update([], [[VICTIM, [11, 1000]]])],
  'delete of an unknown client id': () => [update([], [[77, [0, 5]]])],
  'clock gap': () => [update([[ATTACKER, 5, [text({ root: 'text' }, 'x')]]])],
  'Skip, then an item': () => one(skip(4), text({ root: 'text' }, 'x')),
  'unknown origin': () => one(text({ origin: [55, 0] }, 'x')),
  'origin past what is known': () => one(text({ origin: [VICTIM, 11] }, 'x')),
  'unknown right origin': () => one(text({ right: [55, 0] }, 'x')),
  'unknown parent': () => one(text({ parent: [55, 3] }, 'x')),
  'two that wait for each other': () => [
    update([
      [ATTACKER, 0, [text({ origin: [3, 0] }, 'x')]],
      [3, 0, [text({ origin: [ATTACKER, 0] }, 'y')]],
    ]),
  ],
  'one of 300 000 structs of unknown origin': () =>
    many(times(300_000, () => text({ origin: [55, 0] }, 'x'))),
  '10 000 client ids that wait for each other in a ring': () => [
    update(times(10_000, (i) => [20_000 - i, 0, [text({ origin: [20_000 - ((i + 1) % 10_000), 0] }, 'x')]])),
  ],
};

/**
 * Two updates of two clients. The second inserts `count` letters, all after the same letter of the first and each before
 * another one: Yjs walks over all that is between for each of them.
 */
export function conflictBomb(count: number, root = 'text'): [text: Uint8Array, bomb: Uint8Array] {
  return [
    update([[CROWD, 0, [text({ root }, 'x'.repeat(count + 2))]]]),
    update([[ATTACKER, 0, times(count, (i) => text({ origin: [CROWD, 0], right: [CROWD, i + 2] }, 'y'))]]),
  ];
}

/** The same, but the other way round: taken at once, and slow when the document is loaded. */
export function lateBomb(count: number, root = 'text'): [text: Uint8Array, bomb: Uint8Array] {
  const structs = times(count, (i) => text({ origin: [CROWD, 0], right: [CROWD, count + 1 - i] }, 'y'));
  return [update([[CROWD, 0, [text({ root }, 'x'.repeat(count + 2))]]]), update([[ATTACKER, 0, structs]])];
}

const costly: Record<string, () => Uint8Array[]> = {
  'conflicts of 40 KB': () => conflictBomb(5_000, 'crowd'),
  'conflicts of 80 KB': () => conflictBomb(10_000, 'crowd'),
  'conflicts of 40 KB that are slow to load': () => lateBomb(5_000, 'crowd'),
};

const harmless: Record<string, () => Uint8Array[]> = {
  nothing: () => [raw(0, 0)],
  'empty client block': () => [bytesOf(1, 0, ATTACKER, 0, 0)],
  'clients ascending': () => [
    update([
      [3, 0, [text({ root: 'text' }, 'x')]],
      [ATTACKER, 0, [text({ root: 'text' }, 'y')]],
    ]),
  ],
  'delete set unsorted and overlapping': () => [update([], [[VICTIM, [5, 3], [0, 2], [1, 5]]])],
  'several values of a key, the last deleted, then its map': () => [
    update([
      [ATTACKER, 0, [item(7, { root: 'list' }, 1), item(8, { parent: A, sub: 'k' }, 3, raw(126, 126, 126))]],
    ]),
    update([], [[ATTACKER, [3, 1]]]),
    update([], [[ATTACKER, [0, 1]]]),
  ],
  'right origin before origin': () => one(text({ origin: [VICTIM, 7], right: [VICTIM, 1] }, 'X')),
  'other content for what the victim wrote': () => [
    update([[VICTIM, 0, [text({ root: 'text' }, 'Jello world')]]]),
  ],
  'GC over what the victim wrote': () => [update([[VICTIM, 0, [gc(11)]]])],
  'child of a deleted parent': () => [
    update([[ATTACKER, 0, [item(1, { root: 'list' }, 1), text({ parent: A }, 'x')]]]),
  ],
  '10 000 client ids': () => [update(times(10_000, (i) => [20_000 - i, 0, [text({ root: 'text' }, 'x')]]))],
  'ping-pong of 100 000 dependencies': () => [
    update([
      [ATTACKER, 0, times(50_000, (i) => text({ origin: i === 0 ? END : [3, i - 1] }, 'x'))],
      [3, 0, times(50_000, (i) => text({ origin: [ATTACKER, i] }, 'y'))],
    ]),
  ],
  'client ids of 2^32 - 1, 2^32 and 2^53 - 1': () => [
    update([
      [2 ** 53 - 1, 0, [text({ origin: [2 ** 32, 0] }, 'x')]],
      [2 ** 32, 0, [text({ origin: [2 ** 32 - 1, 0] }, 'y')]],
      [2 ** 32 - 1, 0, [text({ right: [VICTIM, 0] }, 'z')]],
    ]),
  ],
  'client ids that are the same in 32 bits': () => [
    update(times(8, (i) => [VICTIM + (8 - i) * 2 ** 32, 0, [text({ root: 'text' }, 'x')]])),
  ],
  'an 8 MB string': () => one(text({ root: 'text' }, 'x'.repeat(8_000_000))),
};

function list(
  group: Record<string, () => Uint8Array[]>,
  expectation: HostileUpdate['expectation'],
): HostileUpdate[] {
  return Object.entries(group).map(([name, build]) => ({ name, build, expectation }));
}

/** Each is sent to a document with `seedUpdate()`, by somebody whose own client id is not VICTIM. */
export const hostileUpdates: readonly HostileUpdate[] = [
  ...list(refused, 'refused'),
  ...list(blocked, 'blocked'),
  ...list(costly, 'costly'),
  ...list(harmless, 'harmless'),
];
