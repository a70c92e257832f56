// Who sits at this device: an id the server puts into tokens, and the name and colour the others see.

import { deviceStorage } from './safe-storage.js';

/** What the others see of a window. Goes into awareness as `user`. */
export interface Person {
  readonly name: string;
  readonly color: string;
}

const userKey = 'heddle-demo.user';
const nameKey = 'heddle-demo.name';

const tempers = ['Quiet', 'Swift', 'Bright', 'Patient', 'Merry', 'Bold', 'Gentle', 'Curious'];
const birds = ['Heron', 'Wren', 'Finch', 'Swallow', 'Plover', 'Lark', 'Kestrel', 'Weaver'];

// Dark enough for white text (4.5:1), and apart from each other for most eyes.
const colors = ['#0f766e', '#b4235f', '#5b4bc4', '#b45309', '#1d6fa8', '#4d7c0f', '#a21caf', '#b91c1c'];

/** The id of this device's user; made once, so that reloading stays the same user. */
export function ownUserId(): string {
  const known = deviceStorage.get(userKey);
  if (known !== null && known !== '') return known;
  const id = randomHex(8);
  deviceStorage.set(userKey, id);
  return id;
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
  deviceStorage.set(nameKey, name.trim().slice(0, 40));
}

/** How a window shows itself: further windows of a device carry a number and another colour. */
export function personAtWindow(slot: number): Person {
  const first = hash(ownUserId());
  return {
    name: slot === 1 ? ownName() : `${ownName()} (${slot})`,
    color: colors[(first + slot - 1) % colors.length]!,
  };
}

/** `count` random bytes in hex. (`crypto.randomUUID` is missing on plain http, which a phone on the same network uses.) */
export function randomHex(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function inventName(seed: string): string {
  const value = hash(seed);
  return `${tempers[value % tempers.length]!} ${birds[(value >>> 8) % birds.length]!}`;
}

function hash(text: string): number {
  let value = 2166136261;
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0)!, 16777619);
  return (value ^ (value >>> 15)) >>> 0;
}
