// The goals of the project as data, and what a bench says about each. Ratios are of medians within one bench.

import { figures, type FigureKey } from './figures.js';
import { compareScenario, type Cell, type ScenarioComparison } from './report/comparison.js';
import { formatNumber, formatRatio, formatValue, limitSigns } from './report/format.js';
import { heddle, heddleNative, type Results } from './results.js';

export type Verdict = 'met' | 'missed' | 'unknown';

/** Whose figures are held against a goal: those with stock clients, or with Heddle's own. */
export type Clients = 'stock' | 'native';

/**
 * What Heddle's median has to reach. `atMost` and `atLeast` with `against` are ratios to the other target's median, without
 * it they are values in the figure's unit. `timesLess` is a ratio as well: the other's median over Heddle's.
 */
type Bound =
  | { readonly atMost: number; readonly against?: string }
  | { readonly atLeast: number; readonly against?: string }
  | { readonly timesLess: number; readonly against: string };

type Check = {
  readonly scenario: string;
  readonly figure: FigureKey;
  /** Of stock clients it says nothing. */
  readonly isNativeOnly?: boolean;
} & Bound;

interface Goal {
  readonly id: string;
  readonly title: string;
  readonly checks: readonly Check[];
}

export interface CheckResult {
  readonly scenario: string;
  readonly figure: FigureKey;
  readonly clients: Clients;
  readonly against: string | undefined;
  readonly verdict: Verdict;
  /** What has to be reached: `at least 15 times less than hocuspocus`. */
  readonly goal: string;
  /** What was found: `27.2 times less`; why it is not known, otherwise. */
  readonly found: string;
  /** The two medians of a ratio: `0.25 ms against 6.8 ms`; empty where there are not two. */
  readonly numbers: string;
}

export interface GoalResult {
  readonly id: string;
  readonly title: string;
  /** With stock clients. */
  readonly verdict: Verdict;
  /** With native ones; undefined where nothing was measured with them. */
  readonly nativeVerdict: Verdict | undefined;
  /** Those of stock clients, each with that of native ones behind it where there is one. */
  readonly checks: readonly CheckResult[];
}

const targetOf: Readonly<Record<Clients, string>> = { stock: heddle, native: heddleNative };
const plainPeers = ['y-websocket-server', 'hocuspocus'];
const storingPeers = ['y-websocket-server+leveldb', 'hocuspocus+sqlite'];

const atMost = (scenario: string, figure: FigureKey, atMost: number, against?: string): Check =>
  against === undefined ? { scenario, figure, atMost } : { scenario, figure, atMost, against };
const atLeast = (scenario: string, figure: FigureKey, atLeast: number, against?: string): Check =>
  against === undefined ? { scenario, figure, atLeast } : { scenario, figure, atLeast, against };
const timesLess = (
  scenario: string,
  figure: FigureKey,
  timesLess: number,
  peers: readonly string[],
): Check[] => peers.map((against) => ({ scenario, figure, timesLess, against }));

const goals: readonly Goal[] = [
  {
    id: 'B1',
    title: 'Busy room, 50 writers and 50 readers: CPU per delivery',
    checks: ['hot-room-500', 'hot-room-2000'].flatMap((room) => [
      atMost(room, 'cpuPerMillion', 0.6, 'bare'),
      ...timesLess(room, 'cpuPerMillion', 3, plainPeers),
    ]),
  },
  {
    id: 'B2',
    title: 'Busy room: highest rate',
    checks: [
      atLeast('hot-room-ramp', 'highestDeliveriesPerS', 6, 'hocuspocus'),
      atLeast('hot-room-ramp', 'highestDeliveriesPerS', 50, 'y-websocket-server'),
      atLeast('hot-room-ramp', 'highestDeliveriesPerS', 1.8, 'bare-5ms'),
    ],
  },
  {
    id: 'B3',
    title: 'Quiet room, one writer and 10 readers: latency',
    checks: [atMost('quiet-room', 'p50Ms', 1.5, 'bare')],
  },
  {
    id: 'B4',
    title: '500 rooms of two: CPU per delivery, age of acknowledgements',
    checks: [
      atMost('many-rooms', 'cpuPerMillion', 1.5, 'bare'),
      ...timesLess('many-rooms', 'cpuPerMillion', 2, plainPeers),
      ...timesLess('many-rooms', 'cpuPerMillion', 5, ['y-websocket-server+leveldb']),
      atMost('many-rooms', 'ackP99Ms', 50),
    ],
  },
  {
    id: 'B5',
    title: '200 clients join a large document: CPU per join, time until the last has synced',
    checks: [
      ...timesLess('join-storm', 'cpuMsPerJoin', 15, [...plainPeers, ...storingPeers]),
      ...timesLess('join-storm', 'lastSyncedMs', 6, [...plainPeers, ...storingPeers]),
    ],
  },
  {
    id: 'B6',
    title: '200 clients return with 20 updates missed: CPU per join; bytes sent to native ones',
    checks: [
      ...timesLess('return', 'cpuMsPerJoin', 10, [...plainPeers, ...storingPeers]),
      { ...atMost('return', 'bytesPerMissed', 1.2), isNativeOnly: true },
    ],
  },
  {
    id: 'B7',
    title: 'Awareness of 100 clients, 10 times a second: CPU per delivery',
    checks: [
      atMost('awareness', 'cpuPerMillion', 0.45, 'bare'),
      ...timesLess('awareness', 'cpuPerMillion', 5, plainPeers),
    ],
  },
  {
    id: 'B8',
    title: 'Memory when idle: a connection, a small document, a large document',
    checks: [
      atMost('idle-connections', 'rssBytesPerConnection', 3000),
      atMost('idle-documents', 'rssBytesPerDocument', 6000),
      atMost('idle-large-document', 'rssPerDocumentByte', 1.3),
    ],
  },
  {
    id: 'B9',
    title: 'Cold start until the first client has the large document',
    checks: timesLess('cold-start', 'coldStartMs', 2, storingPeers),
  },
  {
    id: 'B10',
    title: "Durable writes against LevelDB's own rate for the same bytes",
    checks: [atLeast('durable-writes', 'shareOfLevel', 0.8)],
  },
  {
    id: 'B11',
    title: 'Cost as work grows: deliveries by readers, joins by bytes, updates by client ids',
    checks: [
      atMost('growth-readers', 'growth', 1),
      atMost('growth-joins', 'growth', 1),
      atMost('growth-clients', 'growth', 2),
    ],
  },
];

/**
 * The verdict of every goal that the bench was about: missed when one check is, else unknown when one is. A short run says
 * what it found, but goals are about work of the real size.
 */
export function judgeGoals(results: Results): GoalResult[] {
  if (!results.targets.some(({ name }) => name === heddle)) return [];
  const measured = new Set(results.scenarios.map((scenario) => scenario.id));
  const asked = goals.filter(({ checks }) => checks.some(({ scenario }) => measured.has(scenario)));
  return asked.map((goal) => judgeGoal(goal, results));
}

/** A check's results, by whose clients. */
interface Judged {
  readonly stock: CheckResult | undefined;
  readonly native: CheckResult | undefined;
  /** Native clients were measured at its scenario. */
  readonly isNativeMeasured: boolean;
}

function judgeGoal({ id, title, checks }: Goal, results: Results): GoalResult {
  const judged = checks.map((check): Judged => {
    const scenario = compareScenario(results, check.scenario);
    const of = (clients: Clients): CheckResult => withSize(judge(check, clients, scenario), results);
    const isNativeMeasured = scenario.targets.includes(heddleNative);
    const isNativeOnly = check.isNativeOnly === true;
    return {
      stock: isNativeOnly ? undefined : of('stock'),
      native: isNativeOnly || isNativeMeasured ? of('native') : undefined,
      isNativeMeasured,
    };
  });
  return {
    id,
    title,
    verdict: worst(judged.flatMap(({ stock }) => stock ?? [])),
    nativeVerdict: nativeVerdictOf(judged),
    checks: judged.flatMap(({ stock, native }) => [stock ?? [], native ?? []].flat()),
  };
}

/** What was left out for native clients is the same for both. */
function nativeVerdictOf(judged: readonly Judged[]): Verdict | undefined {
  if (judged.some(({ isNativeMeasured }) => isNativeMeasured))
    return worst(judged.flatMap(({ stock, native }) => native ?? stock ?? []));
  return judged.some(({ native }) => native !== undefined) ? 'unknown' : undefined;
}

function worst(checks: readonly CheckResult[]): Verdict {
  return (
    (['missed', 'unknown'] as const).find((one) => checks.some(({ verdict }) => verdict === one)) ?? 'met'
  );
}

function judge(check: Check, clients: Clients, scenario: ScenarioComparison): CheckResult {
  const { figure, against } = check;
  const ours = targetOf[clients];
  const mine = scenario.cell(ours, figure);
  const theirs = against === undefined ? undefined : scenario.cell(against, figure);
  return {
    scenario: check.scenario,
    figure,
    clients,
    against,
    goal: goalText(check),
    numbers:
      mine && theirs
        ? `${formatValue(mine.median, figure)} against ${formatValue(theirs.median, figure)}`
        : '',
    ...(fault(ours, check, scenario, mine, theirs) ?? compare(ours, check, mine!, theirs)),
  };
}

/** Wrong delivery is wrong at any size. */
function withSize(result: CheckResult, { settings }: Results): CheckResult {
  if (settings.time >= 1 && settings.size >= 1) return result;
  if (result.verdict === 'unknown' || result.found.startsWith(wrongDelivery)) return result;
  return { ...result, verdict: 'unknown', found: `${result.found}, in a short run` };
}

const wrongDelivery = 'wrong delivery';

type Judgement = Pick<CheckResult, 'verdict' | 'found'>;

/** Why there is nothing to compare. A Heddle that delivers something else than what was sent has missed every goal. */
function fault(
  ours: string,
  { against }: Check,
  { failures }: ScenarioComparison,
  mine: Cell | undefined,
  theirs: Cell | undefined,
): Judgement | undefined {
  const wrong = failures.find(({ target, isDelivery }) => target === ours && isDelivery);
  if (wrong) return { verdict: 'missed', found: `${wrongDelivery}: ${wrong.text}` };
  if (mine === undefined) return { verdict: 'unknown', found: `no figure of ${ours}` };
  if (against !== undefined && theirs === undefined)
    return { verdict: 'unknown', found: `no figure of ${against}` };
  if (theirs !== undefined && (mine.median === 0 || theirs.median === 0))
    return { verdict: 'unknown', found: 'too little to measure' };
  if (theirs?.limit)
    return { verdict: 'unknown', found: `the ${theirs.limit} was the limit, not ${against}` };
  return undefined;
}

function compare(ours: string, check: Check, mine: Cell, theirs: Cell | undefined): Judgement {
  const { value, bound, isHigherBetter } = measured(check, mine.median, theirs?.median);
  const isReached = isHigherBetter ? value >= bound : value <= bound;
  const sign = mine.limit ? `${isHigherBetter ? limitSigns.higher : limitSigns.lower} ` : '';
  const found = sign + foundText(check, value);
  if (isReached) return { verdict: 'met', found };
  // What is limited by something else may be better than it looks, never worse.
  if (mine.limit)
    return { verdict: 'unknown', found: `${found}, but the ${mine.limit} was the limit, not ${ours}` };
  return { verdict: 'missed', found };
}

function measured(
  check: Check,
  mine: number,
  theirs: number | undefined,
): { value: number; bound: number; isHigherBetter: boolean } {
  const ratio = theirs === undefined ? mine : mine / theirs;
  if ('timesLess' in check) return { value: 1 / ratio, bound: check.timesLess, isHigherBetter: true };
  if ('atLeast' in check) return { value: ratio, bound: check.atLeast, isHigherBetter: true };
  return { value: ratio, bound: check.atMost, isHigherBetter: false };
}

function goalText(check: Check): string {
  if ('timesLess' in check) return `at least ${check.timesLess} times less than ${check.against}`;
  const [words, bound] = 'atLeast' in check ? ['at least', check.atLeast] : ['at most', check.atMost];
  return check.against === undefined
    ? `${words} ${formatValue(bound, check.figure)}`
    : `${words} ${formatRatio(bound)} ${check.against}`;
}

function foundText(check: Check, value: number): string {
  if ('timesLess' in check)
    return value >= 1 ? `${formatNumber(value)} times less` : `${formatNumber(1 / value)} times more`;
  return check.against === undefined ? formatValue(value, check.figure) : formatRatio(value);
}

/** `quiet-room: latency, median`: what a check is about, for a line of its own. */
export function subjectOf({ scenario, figure, clients }: CheckResult): string {
  return `${scenario}: ${figures[figure].label}${clients === 'native' ? ', native clients' : ''}`;
}
