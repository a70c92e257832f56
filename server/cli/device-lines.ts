// The devices of a user as lines for a terminal.

import { deviceText, type Device } from '../../shared/device.js';

/** One line for each device: its id first, as `--device` takes it. */
export function deviceLines(devices: readonly Device[]): string {
  if (devices.length === 0) return 'no devices';
  const rows = devices.map(({ id, name, platform, address, firstSeen, lastSeen, online, since }) => [
    id,
    // Nobody has checked them, and a terminal obeys what is printed.
    deviceText(name) || '-',
    deviceText(platform) || '-',
    deviceText(address) || '-',
    `first seen ${time(firstSeen)}`,
    online ? `online since ${time(since ?? lastSeen)}` : `last seen ${time(lastSeen)}`,
  ]);
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** To the second, UTC. */
function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
