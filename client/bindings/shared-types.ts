// Texts, maps and arrays of a document: what they are now, and the smallest change that makes them another.

import { equalityDeep } from 'lib0/function';
import * as Y from 'yjs';
import { replaceText } from './replace-text.js';
import { TypeReading, type TypeKind } from './type-reading.js';
import type { AnyArray, AnyMap, AnyType, TypeSource } from './type-path.js';

/** Makes the text another one: only what is different is deleted and inserted. Throws where there is no text. */
export type SetText = (text: string) => void;

/** Sets a field of the map; `undefined` deletes it, and a value that is there already changes nothing. Throws where there is no map. */
export type SetField<Shape extends object> = <Key extends keyof Shape & string>(
  key: Key,
  value: Shape[Key] | AnyType | undefined,
) => void;

/** As that of arrays: deletes `deleteCount` items at `start`, inserts others. Throws where there is no array. */
export type Splice<Item> = (
  start: number,
  deleteCount: number,
  ...items: readonly (Item | AnyType)[]
) => void;

const textKind: TypeKind<string, Y.Text> = {
  name: 'Y.Text',
  is: (value): value is Y.Text => value instanceof Y.Text && !(value instanceof Y.XmlText),
  root: (doc, name) => doc.getText(name),
  valueOf: (type) => type.toJSON(),
  isDeep: false,
};

const mapKind: TypeKind<Readonly<Record<string, unknown>>, AnyMap> = {
  name: 'Y.Map',
  is: (value): value is Y.Map<unknown> => value instanceof Y.Map,
  root: (doc, name) => doc.getMap(name),
  valueOf: (type) => type.toJSON(),
  isDeep: true,
};

const arrayKind: TypeKind<readonly unknown[], AnyArray> = {
  name: 'Y.Array',
  is: (value): value is Y.Array<unknown> => value instanceof Y.Array,
  root: (doc, name) => doc.getArray(name),
  valueOf: (type) => type.toJSON() as readonly unknown[],
  isDeep: true,
};

export class TextReading extends TypeReading<string, Y.Text> {
  constructor(doc: Y.Doc | undefined, source: TypeSource<Y.Text>) {
    super(doc, source, textKind);
  }

  readonly setText: SetText = (text) => this.change((type) => replaceText(type, text));
}

export class MapReading extends TypeReading<Readonly<Record<string, unknown>>, AnyMap> {
  constructor(doc: Y.Doc | undefined, source: TypeSource<AnyMap>) {
    super(doc, source, mapKind);
  }

  readonly setField: SetField<Record<string, unknown>> = (key, value) =>
    this.change((type) => {
      if (value === undefined) type.delete(key);
      else if (!type.has(key) || !equalityDeep(type.get(key), value)) type.set(key, value);
    });
}

export class ArrayReading extends TypeReading<readonly unknown[], AnyArray> {
  constructor(doc: Y.Doc | undefined, source: TypeSource<AnyArray>) {
    super(doc, source, arrayKind);
  }

  readonly splice: Splice<unknown> = (start, deleteCount, ...items) =>
    this.change((type) => {
      const from = start < 0 ? Math.max(type.length + start, 0) : Math.min(start, type.length);
      const count = Math.min(Math.max(deleteCount, 0), type.length - from);
      if (count > 0) type.delete(from, count);
      if (items.length > 0) type.insert(from, [...items]);
    });
}
