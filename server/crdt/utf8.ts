// UTF-8 seen as UTF-16: Yjs counts clocks in UTF-16 code units, the wire has UTF-8.

import { isAscii } from 'node:buffer';

const LONG = 128;

/** Length in UTF-16 code units of the UTF-8 in bytes[from, to); -1 when that is not valid UTF-8. */
export function utf16Length(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > LONG && isAscii(bytes.subarray(from, to))) return to - from;
  let pos = from;
  while (pos < to && (bytes[pos] as number) < 0x80) pos++;
  if (pos === to) return to - from;
  let units = pos - from;
  while (pos < to) {
    const width = characterWidth(bytes, pos, to);
    if (width === 0) return -1;
    pos += width;
    units += width === 4 ? 2 : 1;
  }
  return units;
}

/**
 * Byte position in valid UTF-8 of the UTF-16 code unit `unit`. In the middle of a surrogate pair it is the position of
 * the pair's first byte, plus 0.5.
 */
export function positionOfUnit(bytes: Uint8Array, from: number, unit: number): number {
  let pos = from;
  for (let units = 0; units < unit;) {
    const lead = bytes[pos] as number;
    const width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (width === 4 && units + 1 === unit) return pos + 0.5;
    units += width === 4 ? 2 : 1;
    pos += width;
  }
  return pos;
}

/** Bytes of the well-formed character at `pos` (Unicode 15, table 3-7), 0 when there is none. */
function characterWidth(bytes: Uint8Array, pos: number, to: number): number {
  const lead = bytes[pos] as number;
  if (lead < 0x80) return 1;
  const width = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (width === 0 || pos + width > to) return 0;
  const second = bytes[pos + 1] as number;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < width; i++) if (((bytes[pos + i] as number) & 0xc0) !== 0x80) return 0;
  return width;
}
