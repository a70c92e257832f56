// Gives server and load a core each, where the machine lets us: otherwise they take time from each other.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The first two cores this process may use; containers are often given others than 0 and 1. */
const [first = 0, second = 0] = allowedCores();

export const serverCore = first;
export const loadCore = second;

/** Whether there are two cores and the tool that gives a process one of them. */
export const canPin = serverCore !== loadCore && spawnSync('taskset', ['--version']).status === 0;

/** The command, on this core alone; as it is where that cannot be had. */
export function pinned(core: number, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command];
}

/** Empty where the system does not say. */
function allowedCores(): number[] {
  if (process.platform !== 'linux') return [];
  const status = readFileSync('/proc/self/status', 'utf8');
  return readCoreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
}

/** The cores of a list as the kernel writes it: `0-3,8`. */
export function readCoreList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (from === undefined) return [];
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index);
  });
}
