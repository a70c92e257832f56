// The order of everything in a Y.Doc as numbers: equal for two documents in which everything stands in the same place, however
// Yjs has cut their items.

import * as Y from 'yjs';

/** A shared type of any kind. */
export type AnyType = Y.Doc['share'] extends Map<string, infer T> ? T : never;

/** Type after type: the runs of ids in its list, then the current ids of its keys. */
export function orderOf(doc: Y.Doc): number[] {
  const numbers: number[] = [];
  const waiting: AnyType[] = [...doc.share].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, type]) => type);
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    addList(type, numbers, waiting);
    addKeys(type, numbers, waiting);
  }
  return numbers;
}

function addList(type: AnyType, numbers: number[], waiting: AnyType[]): void {
  let client = -1;
  let until = -1;
  for (let item = type._start; item !== null; item = item.right) {
    if (item.id.client !== client || item.id.clock !== until) {
      if (client >= 0) numbers.push(until);
      numbers.push(item.id.client, item.id.clock);
    }
    client = item.id.client;
    until = item.id.clock + item.length;
    addChild(item, waiting);
  }
  numbers.push(until, -1);
}

function addKeys(type: AnyType, numbers: number[], waiting: AnyType[]): void {
  const entries = [...type._map].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, item] of entries) {
    const { client, clock } = item.lastId;
    numbers.push(client, clock);
    addChild(item, waiting);
  }
  numbers.push(-2);
}

function addChild(item: Y.Item, waiting: AnyType[]): void {
  if (item.content instanceof Y.ContentType) waiting.push(item.content.type);
}
