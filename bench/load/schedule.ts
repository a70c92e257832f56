// An open loop: sends by the clock, whatever the server does.

const tickMs = 1;
/** A schedule missed by more than this is missed: the load is then the limit. */
const maxLateMs = 50;
const maxLateShare = 0.05;

export interface Schedule {
  readonly perS: number;
  readonly seconds: number;
  send(index: number): void;
}

export interface ScheduleResult {
  readonly sent: number;
  readonly seconds: number;
  /** Something was sent more than 50 ms after its time, or the whole took 5 % longer than it should. */
  readonly isLate: boolean;
}

/** How many are sent at this rate in so many seconds: at least one. */
export function sentAtRate(perS: number, seconds: number): number {
  return Math.max(1, Math.round(perS * seconds));
}

/** Calls `send(i)` for i = 0, 1, … at a rate, by the monotonic clock; never waits for answers. */
export async function sendAtRate({ perS, seconds, send }: Schedule): Promise<ScheduleResult> {
  const total = sentAtRate(perS, seconds);
  const startedAt = performance.now();
  const elapsedS = (): number => (performance.now() - startedAt) / 1000;
  let sent = 0;
  let latestMs = 0;
  while (sent < total) {
    const nowS = elapsedS();
    const due = Math.min(total, Math.floor(nowS * perS) + 1);
    if (sent < due) latestMs = Math.max(latestMs, (nowS - sent / perS) * 1000);
    for (; sent < due; sent++) send(sent);
    if (sent < total) await untilNext(sent / perS - elapsedS());
  }
  const tookS = elapsedS();
  const isLate = latestMs > maxLateMs || tookS > (total / perS) * (1 + maxLateShare) + maxLateMs / 1000;
  return { sent, seconds: tookS, isLate };
}

function untilNext(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(tickMs, Math.floor(seconds * 1000))));
}
