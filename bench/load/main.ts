// The load process: runs one scenario at one server, tells its parent what it found, and ends. One process for each
// measurement, so that nothing of one weighs on the next.

import { randomBytes } from 'node:crypto';
import { DeliveryError, type Measurement } from '../measurement.js';
import { usageOf, type Usage } from '../process-usage.js';
import { protocols } from '../protocol/all.js';
import { allScenarios } from '../scenarios/all.js';
import type { ScenarioContext } from '../scenarios/scenario.js';
import { badNumber } from './bad-number.js';
import type { FromLoad, Job, ToLoad } from './job.js';
import { inOwnDocuments } from './own-documents.js';

/** Says something to the parent. Resolves when it is on its way. */
function tell(message: FromLoad): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, {}, () => resolve());
  });
}

/** The parent's next message of this type. */
function told<T extends ToLoad['type']>(type: T): Promise<Extract<ToLoad, { type: T }>> {
  return new Promise((resolve) => {
    const look = (message: ToLoad): void => {
      if (message.type !== type) return;
      process.off('message', look);
      resolve(message as Extract<ToLoad, { type: T }>);
    };
    process.on('message', look);
  });
}

function contextOf(job: Job): ScenarioContext {
  let { endpoint } = job;
  return {
    endpoint,
    protocol: inOwnDocuments(protocols[endpoint.protocol], randomBytes(4).toString('hex')),
    settings: job.settings,
    capabilities: new Set(job.capabilities),
    progress: (line) => void tell({ type: 'progress', line }),
    usage: () => (endpoint.pid === undefined ? undefined : usageOfServer(endpoint.pid)),
    async halt() {
      await Promise.all([told('halted'), tell({ type: 'halt' })]);
    },
    async resume() {
      [{ endpoint }] = await Promise.all([told('resumed'), tell({ type: 'resume' })]);
      return endpoint;
    },
  };
}

/** Throws an error in plain words when the process is gone. */
function usageOfServer(pid: number): Usage {
  try {
    return usageOf(pid);
  } catch (cause) {
    throw new Error(`the server's process ${pid} cannot be read: has it ended?`, { cause });
  }
}

async function run(job: Job): Promise<Measurement> {
  const scenario = allScenarios.find(({ id }) => id === job.scenario);
  if (scenario === undefined) throw new Error(`there is no scenario ${job.scenario}`);
  const measurement = await scenario.run(contextOf(job));
  const bad = badNumber(measurement);
  if (bad !== undefined) throw new Error(`what was measured is no number: ${bad}`);
  return measurement;
}

async function end(message: FromLoad): Promise<void> {
  await tell(message);
  process.exit();
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  void end({ type: 'failed', isDelivery: error instanceof DeliveryError, message });
}

// Ctrl-C reaches every process of the terminal; the parent ends this one when it has heard of it.
process.on('SIGINT', () => {});
// An exit, unlike a signal, takes along what was started here; so does the parent's end.
process.once('SIGTERM', () => process.exit(1));
process.once('disconnect', () => process.exit(1));
// What a client throws while it reads a message belongs to the run like anything else.
process.once('uncaughtException', fail);
const { job } = await told('job');
run(job).then((measurement) => end({ type: 'measured', measurement }), fail);
