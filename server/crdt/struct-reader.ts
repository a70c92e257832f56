// Reads one struct of a V1 update: what it is, how long, what it depends on. One pass, nothing decoded.

import { invalid } from './byte-reader.js';
import { ValueReader } from './value-reader.js';

/** Low four bits of a struct's shape: Yjs' content reference numbers, with 0 for GC and 10 for Skip. */
export const Kind = {
  gc: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  subdocument: 9,
  skip: 10,
} as const;
export const KIND_MASK = 0x0f;

/** High four bits of a struct's shape: which references it carries. `dep` holds the origin or the parent id. */
export const HAS_ORIGIN = 0x80;
export const HAS_RIGHT = 0x40;
export const HAS_PARENT_ID = 0x20;
export const HAS_ROOT = 0x10;

/** Bits of the wire's info byte. */
export const INFO_ORIGIN = 0x80;
export const INFO_RIGHT = 0x40;
export const INFO_PARENT_SUB = 0x20;
export const INFO_KIND = 0x1f;

const XML_ELEMENT = 3;
const XML_HOOK = 5;
const LAST_TYPE = 6;

/** Fields describe the struct last read. */
export class StructReader extends ValueReader {
  shape = 0;
  /** In clock units. */
  length = 0;
  depClient = 0;
  depClock = 0;
  rightClient = 0;
  rightClock = 0;

  struct(): void {
    const info = this.uint8();
    if (info === Kind.gc || info === Kind.skip) {
      this.shape = info;
      this.length = this.positive();
      return;
    }
    const kind = info & INFO_KIND;
    if (kind === Kind.gc || kind > Kind.subdocument) invalid('info bits');
    this.shape = kind;
    if ((info & (INFO_ORIGIN | INFO_RIGHT)) === 0) {
      this.parent(info);
    } else {
      if ((info & INFO_ORIGIN) !== 0) {
        this.shape |= HAS_ORIGIN;
        this.depClient = this.clientId();
        this.depClock = this.uint32();
      }
      if ((info & INFO_RIGHT) !== 0) {
        this.shape |= HAS_RIGHT;
        this.rightClient = this.clientId();
        this.rightClock = this.uint32();
      }
    }
    this.length = kind === Kind.string ? this.text() : this.content(kind);
  }

  /** Moves from a struct's first byte to its content. */
  skipReferences(): void {
    const info = this.uint8();
    if (info === Kind.gc || info === Kind.skip) return;
    if ((info & (INFO_ORIGIN | INFO_RIGHT)) === 0) this.parent(info);
    for (const bit of [INFO_ORIGIN, INFO_RIGHT])
      if ((info & bit) !== 0) {
        this.clientId();
        this.uint32();
      }
  }

  private parent(info: number): void {
    const isRoot = this.uint8();
    if (isRoot === 1) {
      this.shape |= HAS_ROOT;
      this.key();
    } else if (isRoot === 0) {
      this.shape |= HAS_PARENT_ID;
      this.depClient = this.clientId();
      this.depClock = this.uint32();
    } else invalid('parent info');
    if ((info & INFO_PARENT_SUB) !== 0) this.key();
  }

  private text(): number {
    const units = this.skipString();
    if (units === 0) invalid('empty struct');
    return units;
  }

  private content(kind: number): number {
    switch (kind) {
      case Kind.deleted:
        return this.positive();
      case Kind.json: {
        const length = this.positive();
        if (length > this.end - this.pos) invalid('count exceeds the bytes');
        for (let i = 0; i < length; i++) this.json(true);
        return length;
      }
      case Kind.binary:
        this.skip(this.count(1));
        return 1;
      case Kind.embed:
        this.json(false);
        return 1;
      case Kind.format:
        this.key();
        this.json(false);
        return 1;
      case Kind.type:
        this.type();
        return 1;
      case Kind.any: {
        const length = this.positive();
        if (length > this.end - this.pos) invalid('count exceeds the bytes');
        for (let i = 0; i < length; i++) this.any();
        return length;
      }
      default:
        this.key();
        this.subdocumentOptions();
        return 1;
    }
  }

  private type(): void {
    const type = this.uint8();
    if (type > LAST_TYPE) invalid('unknown type');
    if (type === XML_ELEMENT || type === XML_HOOK) this.key();
  }

  private positive(): number {
    const length = this.uint32();
    if (length === 0) invalid('empty struct');
    return length;
  }
}
