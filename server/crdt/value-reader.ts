// Reads past the values inside structs (`any` and JSON) and refuses those that would hurt whoever decodes them:
// too deep for a recursive reader, too many, or with a key that sets a prototype.

import { decodeUtf8 } from 'lib0/string';
import type { Limits } from '../../shared/limits.js';
import { ByteReader, invalid } from './byte-reader.js';
import { countJsonValues } from './json-shape.js';

/** peer: everything is checked. stored: it was checked before it was stored, only the structure is followed. */
export type Trust = 'peer' | 'stored';

const PROTO = new TextEncoder().encode('__proto__');
const TRUE = new TextEncoder().encode('true');
const NULL = new TextEncoder().encode('null');
const UNDEFINED = new TextEncoder().encode('undefined');
/** Options of a subdocument that Yjs never writes, and that would replace its guid or a function of Y.Doc. */
const FORBIDDEN_OPTIONS = ['guid', 'gcFilter'].map((key) => new TextEncoder().encode(key));

const TAG_BYTES = 116;
const TAG_ARRAY = 117;
const TAG_OBJECT = 118;
const TAG_STRING = 119;
const TAG_INTEGER = 125;
/** Bytes of the tags 120 to 127 that have a fixed size: true, false, bigint, float64, float32, -, null, undefined. */
const FIXED_BYTES = [0, 0, 8, 8, 4, -1, 0, 0];
/** Stored data has passed the limits of its day; this only bounds the stack against damaged bytes. */
const STORED_NESTING = 10_000;

/** Adds keys, `any` values and JSON to the cursor. `valueCount` counts values since it was last set to 0. */
export class ValueReader extends ByteReader {
  protected readonly isChecked: boolean;
  private readonly maxNesting: number;
  private readonly maxValues: number;
  private readonly maxKeyBytes: number;
  private remaining = new Uint32Array(16);
  private isObject = new Uint8Array(16);
  valueCount = 0;

  constructor(limits: Limits, trust: Trust) {
    super();
    this.isChecked = trust === 'peer';
    this.maxNesting = this.isChecked ? limits.maxNesting : STORED_NESTING;
    this.maxValues = this.isChecked ? limits.maxValuesPerUpdate : Infinity;
    this.maxKeyBytes = this.isChecked ? limits.maxKeyBytes : Infinity;
  }

  /** A map key, format key, node name or root name. Never `__proto__`: toJSON() would set a prototype with it. */
  key(): void {
    this.skipString();
    if (this.pos - this.textAt > this.maxKeyBytes) invalid('key too long');
    if (this.isText(this.textAt, this.pos, PROTO)) invalid('key __proto__');
  }

  /** One `any` value, however it is nested; own stack, so that depth costs nothing but the limit. */
  any(): void {
    let depth = 0;
    this.openContainer(0, 1, false);
    while (depth >= 0) {
      const left = this.remaining[depth] as number;
      if (left === 0) {
        depth--;
        continue;
      }
      this.remaining[depth] = left - 1;
      if (this.isObject[depth] === 1) this.objectKey();
      const tag = this.uint8();
      if (tag !== TAG_ARRAY && tag !== TAG_OBJECT) this.scalar(tag);
      else this.openContainer(++depth, this.count(tag - TAG_ARRAY + 1), tag === TAG_OBJECT);
    }
  }

  /** Options of a subdocument: an object, and nothing in it that Y.Doc would take for one of its own parts. */
  subdocumentOptions(): void {
    if (this.uint8() !== TAG_OBJECT) invalid('subdocument options are no object');
    const count = this.count(2);
    for (let i = 0; i < count; i++) {
      this.objectKey();
      for (const key of FORBIDDEN_OPTIONS)
        if (this.isText(this.textAt, this.pos, key)) invalid('subdocument option');
      this.any();
    }
  }

  /** A string that holds JSON; ContentJSON writes the word `undefined` for undefined. */
  json(allowsUndefined: boolean): void {
    const length = this.count(1);
    const from = this.pos;
    const to = from + length;
    this.pos = to;
    this.countValues(1);
    if (!this.isChecked) return;
    if (this.isText(from, to, TRUE) || this.isText(from, to, NULL)) return;
    if (allowsUndefined && this.isText(from, to, UNDEFINED)) return;
    this.checkJson(this.bytes.subarray(from, to));
  }

  private objectKey(): void {
    this.skipString();
    if (this.isText(this.textAt, this.pos, PROTO)) invalid('key __proto__');
  }

  private openContainer(depth: number, count: number, isObject: boolean): void {
    if (depth > this.maxNesting) invalid('value nested too deep');
    if (depth >= this.remaining.length) this.growStack();
    this.remaining[depth] = count;
    this.isObject[depth] = isObject ? 1 : 0;
    this.countValues(count);
  }

  private growStack(): void {
    const remaining = new Uint32Array(this.remaining.length * 2);
    const isObject = new Uint8Array(remaining.length);
    remaining.set(this.remaining);
    isObject.set(this.isObject);
    this.remaining = remaining;
    this.isObject = isObject;
  }

  private countValues(count: number): void {
    this.valueCount += count;
    if (this.valueCount > this.maxValues) invalid('too many values');
  }

  private scalar(tag: number): void {
    if (tag === TAG_STRING) this.skipString();
    else if (tag === TAG_BYTES) this.skip(this.count(1));
    else if (tag === TAG_INTEGER) this.skipInt();
    else if (tag < 120 || tag > 127) invalid('unknown value');
    else this.skip(FIXED_BYTES[tag - 120] as number);
  }

  private checkJson(bytes: Uint8Array): void {
    let text: string;
    let value: unknown;
    try {
      text = decodeUtf8(bytes);
    } catch {
      return invalid('bad JSON');
    }
    const values = countJsonValues(text, this.maxNesting);
    if (values < 0) invalid('JSON nested too deep');
    this.countValues(values);
    try {
      value = JSON.parse(text);
    } catch {
      return invalid('bad JSON');
    }
    // A key can be spelled with escapes; only a text that may hold one is walked.
    if (text.includes('__proto__') || text.includes('\\u')) refusePrototypeKeys(value);
  }
}

/** Recursion is bounded: the depth was checked before parsing. */
function refusePrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) invalid('key __proto__');
  for (const item of Object.values(value)) refusePrototypeKeys(item);
}
