// Every bound in one place (O2). docs/limits.md has them as a table.

export interface Limits {
  /** Largest message from a client, bytes. */
  readonly maxMessageBytes: number;
  /** Largest document: checkpoint and log together, bytes. */
  readonly maxDocumentBytes: number;
  /** Blocks (client ids) in one update. */
  readonly maxClientsPerUpdate: number;
  /** Structs in one update. */
  readonly maxStructsPerUpdate: number;
  /** Delete ranges in one update. */
  readonly maxDeletesPerUpdate: number;
  /** Client ids a document may gather over its life: each makes every later edit in Yjs a little slower. */
  readonly maxClientsPerDocument: number;
  /** Root types of a document: Yjs searches them one by one. */
  readonly maxRootTypes: number;
  /** Subdocuments in a document: each is a Y.Doc in memory on every client. */
  readonly maxSubdocuments: number;
  /** Depth of JSON, of `any` values and of shared types inside each other. */
  readonly maxNesting: number;
  /** JSON and `any` values in one update, counted through all levels. */
  readonly maxValuesPerUpdate: number;
  /** Longest key, attribute or node name, bytes. */
  readonly maxKeyBytes: number;
  /** Awareness state of one client, bytes of JSON. */
  readonly maxAwarenessBytes: number;
  /** Messages of one frame handled at once; the rest waits for the next turn of the event loop. */
  readonly maxMessagesPerTurn: number;
  /** Entries in one awareness message. */
  readonly maxAwarenessEntries: number;
  /** Awareness states of one document, all together, characters. */
  readonly maxPresenceBytes: number;
  /** Awareness ids one connection may introduce. */
  readonly maxAwarenessIds: number;
  /** Updates held for one connection, all documents, while what they depend on is asked for, bytes. */
  readonly maxHeldBytes: number;
  /** How long they are held, ms. */
  readonly maxHeldMs: number;
  /** Messages of one connection, all documents together, that wait for authorization or loading, bytes. */
  readonly maxWaitingBytes: number;
  /** Answers to one connection, all documents together, that wait as its client does not read, bytes. */
  readonly maxUnsentBytes: number;
  /** What is held of a connection before a token was believed on it, bytes: its largest message, and all of them. */
  readonly maxUnknownBytes: number;
  /** A connection on which no token was believed for so long is closed, ms. */
  readonly maxUnknownMs: number;
  /** Sync requests and awareness queries a connection may make at once; one more every 100 ms after that. */
  readonly maxSyncRequests: number;
  /** Accepted bytes that are not durable yet, over all documents. */
  readonly maxUncommittedBytes: number;
  /** How long the store is waited for: to write again what it did not answer for, to load a document, ms. */
  readonly maxStoreAwayMs: number;
  /** Above this a reader is taken off the live stream and caught up from the log, bytes. */
  readonly softBufferedBytes: number;
  /** Above this a reader is disconnected, bytes. */
  readonly maxBufferedBytes: number;
  /** A reader that takes nothing for this long while it has something to take is disconnected, ms. */
  readonly maxStalledMs: number;
  /** Largest part of what a client lacks of a document, bytes; one value that cannot be cut may be larger. */
  readonly syncPartBytes: number;
  /** Documents one connection of our own client may have open. */
  readonly maxDocumentsPerConnection: number;
  /** Open connections, all together. */
  readonly maxConnections: number;
  /** Of these, connections over HTTP, which cost whoever makes them no socket. */
  readonly maxHttpConnections: number;
  /** Open connections of one address. */
  readonly maxConnectionsPerAddress: number;
  /** Of these, connections over HTTP. */
  readonly maxHttpPerAddress: number;
  /** Connections that one address may open in 10 s. */
  readonly maxHandshakesPerAddress: number;
  /** Connections on which no token was believed yet, all together. */
  readonly maxUnknownConnections: number;
  /** Of these, WebSockets of one address. */
  readonly maxUnknownPerAddress: number;
  /** Of these, connections over HTTP of one address. */
  readonly maxHttpUnknownPerAddress: number;
  /** Log kept before a checkpoint for who comes back, bytes: its size, but at least a quarter of this. */
  readonly maxKeptLogBytes: number;
  /** Memory of documents nobody has open, bytes; above it the longest unused are dropped. */
  readonly maxIdleBytes: number;
  /** CPU time up to which a copy for withDocument or onChange may hold the server's thread while it is built, ms. */
  readonly maxCopyMs: number;
  /** Unusual updates that are being tried, all together. */
  readonly maxTrials: number;
  /** The same, bytes. */
  readonly maxTrialBytes: number;
  /** Unusual updates of one connection that are being tried. */
  readonly maxTrialsPerConnection: number;
  /** Calls of clients that the application is answering, all together. */
  readonly maxCalls: number;
  /** The same, bytes of what the clients gave. */
  readonly maxCallBytes: number;
  /** Calls of one user that the application is answering, on all connections. */
  readonly maxCallsPerUser: number;
  /** How long a caller waits for the application's answer, ms. */
  readonly maxCallMs: number;
  /** How long a session of our own client is waited for whose connection was lost, ms. */
  readonly maxAwayMs: number;
  /** Operations that wait for the end of one session, bytes of JSON. */
  readonly maxOperationBytes: number;
  /** The same for all sessions of one user, bytes. */
  readonly maxOperationBytesPerUser: number;
  /** Devices that are remembered of one user. Above it the one that was seen longest ago is forgotten. */
  readonly maxDevicesPerUser: number;
  /** Days after which a device that was not seen is forgotten. */
  readonly maxDeviceDays: number;
  /** Users who are gone and remembered, of one document: the last ones; 0 for none. */
  readonly maxSeenUsers: number;
  /** How long it is remembered when a user was last seen, days; 0 for not at all. */
  readonly maxSeenDays: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultLimits: Limits = {
  maxMessageBytes: 32 * MiB,
  maxDocumentBytes: 128 * MiB,
  maxClientsPerUpdate: 10_000,
  maxStructsPerUpdate: 1_000_000,
  maxDeletesPerUpdate: 200_000,
  maxClientsPerDocument: 100_000,
  maxRootTypes: 2_000,
  maxSubdocuments: 2_000,
  maxNesting: 100,
  maxValuesPerUpdate: 500_000,
  maxKeyBytes: 1 * KiB,
  maxAwarenessBytes: 64 * KiB,
  maxMessagesPerTurn: 1_000,
  maxAwarenessEntries: 10_000,
  maxPresenceBytes: 4 * MiB,
  maxAwarenessIds: 16,
  maxHeldBytes: 1 * MiB,
  maxHeldMs: 10_000,
  maxWaitingBytes: 32 * MiB,
  maxUnsentBytes: 16 * MiB,
  maxUnknownBytes: 64 * KiB,
  maxUnknownMs: 10_000,
  maxSyncRequests: 100,
  maxUncommittedBytes: 64 * MiB,
  maxStoreAwayMs: 30_000,
  softBufferedBytes: 256 * KiB,
  maxBufferedBytes: 4 * MiB,
  maxStalledMs: 30_000,
  syncPartBytes: 256 * KiB,
  maxDocumentsPerConnection: 1_000,
  maxConnections: 100_000,
  maxHttpConnections: 10_000,
  maxConnectionsPerAddress: 20_000,
  maxHttpPerAddress: 2_000,
  maxHandshakesPerAddress: 10_000,
  maxUnknownConnections: 4_000,
  maxUnknownPerAddress: 1_000,
  maxHttpUnknownPerAddress: 100,
  maxKeptLogBytes: 1 * MiB,
  maxIdleBytes: 256 * MiB,
  maxCopyMs: 250,
  maxTrials: 256,
  maxTrialBytes: 64 * MiB,
  maxTrialsPerConnection: 8,
  maxCalls: 4_000,
  maxCallBytes: 128 * MiB,
  maxCallsPerUser: 200,
  maxCallMs: 60_000,
  maxAwayMs: 15_000,
  maxOperationBytes: 64 * 1024,
  maxOperationBytesPerUser: MiB,
  maxDevicesPerUser: 64,
  maxDeviceDays: 365,
  maxSeenUsers: 100,
  maxSeenDays: 90,
};
