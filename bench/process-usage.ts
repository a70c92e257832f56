// What a process has used so far, from /proc: CPU of all its threads, resident memory.

import { readFileSync } from 'node:fs';

/** Ticks per second of the times in /proc, fixed on Linux. */
const ticksPerS = 100;

export interface Usage {
  readonly cpuS: number;
  readonly rssBytes: number;
}

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command name, in brackets, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? '0';
  return { cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerS, rssBytes: Number(rss) * 1024 };
}
