// What every transport is made of, whatever library carries its bytes.

import { Addresses } from './addresses.js';
import { Admissions } from './admissions.js';
import { clientAddressReader, type ReadClientAddress } from './client-address.js';
import { LongPoll } from './long-poll.js';
import { OversizeMemory } from './oversize-memory.js';
import type { PolledTopics } from './polled-topics.js';
import { Requests } from './requests.js';
import type { TransportDependencies, TransportHandler, TransportOptions } from './transport.js';

export interface TransportParts {
  /** Decides on upgrade requests. */
  readonly admissions: Admissions;
  /** Answers all other requests. */
  readonly requests: Requests;
  /** The sockets over HTTP. */
  readonly longPoll: LongPoll;
  readonly readAddress: ReadClientAddress;
}

/** What the parts need of the options. */
export type PartsOptions = Pick<
  TransportOptions,
  | 'maxMessageBytes'
  | 'maxBufferedBytes'
  | 'maxBodyBytes'
  | 'maxHttpConnections'
  | 'limits'
  | 'trustedProxies'
  | 'basePath'
>;

/** Throws ConfigError when a trusted proxy is no address. */
export function createParts(
  options: PartsOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
  polled: PolledTopics,
): TransportParts {
  const { clock, logger } = dependencies;
  const { maxBodyBytes, basePath = '' } = options;
  const readAddress = clientAddressReader(options.trustedProxies, logger);
  const addresses = new Addresses(clock, options.limits);
  const longPoll = new LongPoll({ ...dependencies, options, handler, topics: polled, addresses });
  const oversize = new OversizeMemory(clock);
  return {
    admissions: new Admissions({ ...dependencies, handler, addresses, oversize, basePath }),
    requests: new Requests({ longPoll, maxBodyBytes, basePath, handler, logger }),
    longPoll,
    readAddress,
  };
}

/** The limit on messages of strangers, bytes. */
export function maxStrangerMessageBytes({ limits, maxMessageBytes }: PartsOptions): number {
  return Math.min(limits.maxUnknownBytes, maxMessageBytes);
}
