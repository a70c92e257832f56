// Who sits at this device: an id the server puts into tokens, and the name and colour the others see.

import { deviceStorage } from './safe-storage.js';

/** What the others see of a window. Goes into awareness as `user`. */
export interface Person {
  readonly name: string;
  readonly color: string;
}

const userKey = 'heddle-demo.user';
const nameKey = 'heddle-demo.name';

const tempers = words(
  'Quiet Swift Bright Patient Merry Bold Gentle Curious Calm Clever Daring Eager Early Fair Frank Glad',
  'Hardy Honest Jolly Keen Kind Lively Lucky Mellow Nimble Noble Proud Ready Steady Sunny Witty Young',
);
const birds = words(
  'Heron Wren Finch Swallow Plover Lark Kestrel Weaver Avocet Bittern Crane Curlew Dipper Dove Dunlin Egret',
  'Falcon Goshawk Grebe Gull Harrier Ibis Jay Linnet Martin Oriole Osprey Pipit Raven Robin Starling Thrush',
);

// Around the wheel, all of one luminance: 4.7:1 under white letters and against white paper, 3.3:1 against dark paper.
const colors = words(
  '#e41212 #bc522f #ad5d0e #896f22 #767609 #647b1e #45800a #388220 #0a850a #208339 #0a8347 #208068',
  '#0a7f7f #267b98 #1172d3 #4a6cd1 #5e5ef2 #7b5dd6 #9942ef #ab40cf #c810c8 #c731a1 #dc1177 #cd3a5f',
);
/** From one window of a device to the next: far on the wheel, and all colours have had their turn before one comes again. */
const colorStep = 7;

/** The id of this device's user; made once, so that reloading stays the same user. */
export function ownUserId(): string {
  const known = deviceStorage.get(userKey);
  if (known !== null && known !== '') return known;
  const id = randomHex(8);
  deviceStorage.set(userKey, id);
  return id;
}

/** From now on this device's user is the one with this id, as on another device of theirs. */
export function becomeUser(id: string): void {
  deviceStorage.set(userKey, id);
}

/** The name this device's user chose, or one made up for them. */
export function ownName(): string {
  const known = deviceStorage.get(nameKey);
  if (known !== null && known !== '') return known;
  const name = inventName(ownUserId());
  deviceStorage.set(nameKey, name);
  return name;
}

/** Keeps a new name for this device's user. */
export function setOwnName(name: string): void {
  // No character is cut in half: a token could not hold it.
  deviceStorage.set(nameKey, Array.from(name.trim()).slice(0, 40).join(''));
}

/** How a window shows itself: further windows of a device carry a number and another colour. */
export function personAtWindow(slot: number): Person {
  return {
    name: slot === 1 ? ownName() : `${ownName()} (${slot})`,
    color: colorOf(ownUserId(), slot),
  };
}

/** `count` random bytes in hex. (`crypto.randomUUID` is missing on plain http, which a phone on the same network uses.) */
export function randomHex(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A name for a user who has chosen none: one of about a thousand. */
export function inventName(user: string): string {
  return `${pick(tempers, `temper of ${user}`)} ${pick(birds, `bird of ${user}`)}`;
}

/** The colour of a user's window; it says nothing about the name. */
export function colorOf(user: string, slot: number): string {
  const first = hash(`colour of ${user}`);
  return colors[(first + (slot - 1) * colorStep) % colors.length]!;
}

function pick(list: readonly string[], seed: string): string {
  return list[hash(seed) % list.length]!;
}

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}

function hash(text: string): number {
  let value = 2166136261;
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0)!, 16777619);
  return (value ^ (value >>> 15)) >>> 0;
}
