// Every figure a scenario may report: its name, its unit, and which way is better.

export interface FigureSpec {
  readonly label: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher' | 'none';
}

export const figures = {
  deliveries: { label: 'deliveries', unit: '', better: 'none' },
  deliveriesPerS: { label: 'deliveries per second', unit: '/s', better: 'none' },
  cpuPerMillion: { label: 'server CPU per million deliveries', unit: 's', better: 'lower' },
  p50Ms: { label: 'latency, median', unit: 'ms', better: 'lower' },
  p99Ms: { label: 'latency, 99 %', unit: 'ms', better: 'lower' },
  ackP50Ms: { label: 'acknowledgement, median', unit: 'ms', better: 'lower' },
  ackP99Ms: { label: 'acknowledgement, 99 %', unit: 'ms', better: 'lower' },
  framesPerDelivery: { label: 'frames per delivery', unit: '', better: 'lower' },
  bytesPerDelivery: { label: 'bytes per delivery', unit: 'B', better: 'lower' },
  serverBusy: { label: 'server, share of a core', unit: '', better: 'none' },
  highestDeliveriesPerS: { label: 'highest rate with p99 under 100 ms', unit: '/s', better: 'higher' },
  documentBytes: { label: 'document', unit: 'B', better: 'none' },
  cpuMsPerJoin: { label: 'server CPU per join', unit: 'ms', better: 'lower' },
  lastSyncedMs: { label: 'until the last client has synced', unit: 'ms', better: 'lower' },
  bytesPerJoin: { label: 'bytes per join', unit: 'B', better: 'lower' },
  cpuMsPerVisit: { label: 'server CPU per coming and going', unit: 'ms', better: 'lower' },
  bytesPerVisit: { label: 'bytes to one who stays, per coming and going', unit: 'B', better: 'lower' },
  bytesPerMissed: { label: 'bytes sent per byte missed', unit: '', better: 'lower' },
  rssBytesPerConnection: { label: 'memory per idle connection', unit: 'B', better: 'lower' },
  sockets: { label: 'sockets', unit: '', better: 'lower' },
  rssBytesPerOpening: { label: 'memory per document a client has open', unit: 'B', better: 'lower' },
  rssBytesPerDocument: { label: 'memory per small loaded document', unit: 'B', better: 'lower' },
  rssPerDocumentByte: { label: 'memory per byte of a large idle document', unit: '', better: 'lower' },
  rssBytes: { label: 'memory of the server', unit: 'B', better: 'lower' },
  coldStartMs: { label: 'from start to first sync', unit: 'ms', better: 'lower' },
  healthyP99Ms: { label: 'latency of healthy readers, 99 %', unit: 'ms', better: 'lower' },
  acknowledgedPerS: { label: 'updates acknowledged per second', unit: '/s', better: 'higher' },
  levelPerS: { label: "LevelDB's own chained batches, updates per second", unit: '/s', better: 'none' },
  shareOfLevel: { label: "share of LevelDB's own rate", unit: '', better: 'higher' },
  growth: { label: 'cost of the largest against the smallest', unit: '', better: 'lower' },
} as const satisfies Readonly<Record<string, FigureSpec>>;

export type FigureKey = keyof typeof figures;
