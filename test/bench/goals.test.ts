import { describe, expect, test } from 'vitest';
import type { FigureKey } from '../../bench/figures.js';
import { judgeGoals, subjectOf, type CheckResult, type GoalResult } from '../../bench/goals.js';
import type { Limit } from '../../bench/measurement.js';
import type { Results, RunResult } from '../../bench/results.js';
import { allScenarios } from '../../bench/scenarios/all.js';
import { standardTargets } from '../../bench/targets/all.js';
import { sampleResults } from './report/sample-results.js';

interface Run {
  readonly value?: number;
  readonly limit?: Limit;
  readonly failure?: RunResult['failure'];
}

/** One run of each named target in one scenario. */
function resultsWith(scenario: string, figure: FigureKey, runs: Readonly<Record<string, Run>>): Results {
  return {
    ...sampleResults,
    scenarios: [{ id: scenario, title: scenario }],
    runs: Object.entries(runs).map(([target, { value, limit, failure }]) => ({
      scenario,
      target,
      run: 0,
      ...(failure ? { failure } : {}),
      ...(value === undefined
        ? {}
        : { measurement: { figures: { [figure]: value }, ...(limit ? { limit } : {}) } }),
    })),
  };
}

const goalOf = (results: Results, id: string): GoalResult =>
  judgeGoals(results).find((goal) => goal.id === id)!;

const quiet = (runs: Readonly<Record<string, Run>>): CheckResult =>
  goalOf(resultsWith('quiet-room', 'p50Ms', runs), 'B3').checks[0]!;

const ramp = (runs: Readonly<Record<string, Run>>): CheckResult =>
  goalOf(resultsWith('hot-room-ramp', 'highestDeliveriesPerS', runs), 'B2').checks[0]!;

describe('goals', () => {
  test('there are B1 to B11, each with something to check, over scenarios and targets that exist', () => {
    const goals = judgeGoals(sampleResults);
    expect(goals.map(({ id }) => id)).toEqual(Array.from({ length: 11 }, (_, i) => `B${i + 1}`));
    for (const { checks } of goals) expect(checks.length).toBeGreaterThan(0);
    const scenarios = allScenarios.map(({ id }) => id);
    const targets = ['heddle', ...standardTargets().map(({ name }) => name)];
    for (const { scenario, against = 'heddle' } of goals.flatMap(({ checks }) => checks)) {
      expect(scenarios).toContain(scenario);
      expect(targets).toContain(against);
    }
  });

  test('a ratio of medians within the goal is met, one beyond is missed', () => {
    expect(quiet({ heddle: { value: 0.6 }, bare: { value: 0.4 } })).toMatchObject({
      verdict: 'met',
      goal: 'at most 1.5× bare',
      found: '1.5×',
      numbers: '0.6 ms against 0.4 ms',
    });
    expect(quiet({ heddle: { value: 0.61 }, bare: { value: 0.4 } }).verdict).toBe('missed');
    expect(ramp({ heddle: { value: 600 }, hocuspocus: { value: 100 } })).toMatchObject({
      verdict: 'met',
      found: '6×',
    });
    expect(ramp({ heddle: { value: 599 }, hocuspocus: { value: 100 } }).verdict).toBe('missed');
  });

  test('times less is told as such, also when it is more', () => {
    const join = (ours: number): CheckResult =>
      goalOf(
        resultsWith('join-storm', 'cpuMsPerJoin', {
          heddle: { value: ours },
          'y-websocket-server': { value: 3 },
        }),
        'B5',
      ).checks[0]!;
    expect(join(0.2)).toMatchObject({
      verdict: 'met',
      found: '15 times less',
      goal: 'at least 15 times less than y-websocket-server',
    });
    expect(join(0.21)).toMatchObject({ verdict: 'missed', found: '14.3 times less' });
    expect(join(6)).toMatchObject({ verdict: 'missed', found: '2 times more' });
  });

  test('a missing side is unknown and named', () => {
    expect(quiet({})).toMatchObject({ verdict: 'unknown', found: 'no figure of heddle' });
    expect(quiet({ bare: { value: 1 } })).toMatchObject({ verdict: 'unknown', found: 'no figure of heddle' });
    expect(quiet({ heddle: { value: 1 } })).toMatchObject({ verdict: 'unknown', found: 'no figure of bare' });
    expect(quiet({ heddle: { value: 1 }, bare: { value: 0 } }).verdict).toBe('unknown');
  });

  test('a limited rival is unknown; a limited Heddle is met where it reaches the goal all the same, else unknown', () => {
    const rival = { value: 100 };
    expect(ramp({ heddle: { value: 900 }, hocuspocus: { ...rival, limit: 'load' } }).verdict).toBe('unknown');
    expect(ramp({ heddle: { value: 900, limit: 'load' }, hocuspocus: rival })).toMatchObject({
      verdict: 'met',
      found: '≥ 9×',
    });
    expect(ramp({ heddle: { value: 300, limit: 'load' }, hocuspocus: rival })).toMatchObject({
      verdict: 'unknown',
      found: '≥ 3×, but the load was the limit, not heddle',
    });
    expect(quiet({ heddle: { value: 9, limit: 'machine' }, bare: { value: 1 } })).toMatchObject({
      verdict: 'unknown',
      found: '≤ 9×, but the machine was the limit, not heddle',
    });
  });

  test('a Heddle that delivers something else than what was sent has missed, whatever its figures', () => {
    const results = resultsWith('quiet-room', 'p50Ms', { heddle: { value: 1 }, bare: { value: 1 } });
    const wrong = { scenario: 'quiet-room', target: 'heddle', run: 1 };
    const withFailure = (isDelivery: boolean): GoalResult =>
      goalOf(
        { ...results, runs: [...results.runs, { ...wrong, failure: { isDelivery, message: 'lost' } }] },
        'B3',
      );
    expect(withFailure(true)).toMatchObject({
      verdict: 'missed',
      checks: [{ found: 'wrong delivery: lost' }],
    });
    expect(withFailure(false).verdict).toBe('met');
  });

  test('a short run meets and misses nothing, but for wrong delivery', () => {
    const short = (runs: Readonly<Record<string, Run>>): CheckResult =>
      goalOf({ ...resultsWith('quiet-room', 'p50Ms', runs), settings: { seed: 1, time: 1, size: 0.1 } }, 'B3')
        .checks[0]!;
    const bare = { value: 1 };
    expect(short({ heddle: { value: 1 }, bare })).toMatchObject({
      verdict: 'unknown',
      found: '1×, in a short run',
    });
    expect(short({ heddle: { value: 9 }, bare })).toMatchObject({
      verdict: 'unknown',
      found: '9×, in a short run',
    });
    const failure = { isDelivery: true, message: 'lost' };
    expect(short({ heddle: { failure }, bare })).toMatchObject({
      verdict: 'missed',
      found: 'wrong delivery: lost',
    });
  });

  test('values without a rival are held against the goal itself', () => {
    const share = (value: number): GoalResult =>
      goalOf(resultsWith('durable-writes', 'shareOfLevel', { heddle: { value } }), 'B10');
    expect(share(0.8)).toMatchObject({
      verdict: 'met',
      checks: [{ goal: 'at least 0.8', found: '0.8', numbers: '' }],
    });
    expect(share(0.79).verdict).toBe('missed');
  });

  test('a goal is missed when one check is, else unknown when one is', () => {
    const idle = (value: number): GoalResult =>
      goalOf(resultsWith('idle-connections', 'rssBytesPerConnection', { heddle: { value } }), 'B8');
    expect(idle(3001).verdict).toBe('missed');
    expect(idle(2999)).toMatchObject({
      verdict: 'unknown',
      checks: [{ verdict: 'met' }, { verdict: 'unknown' }, { verdict: 'unknown' }],
    });
  });
});

describe('goals with native clients', () => {
  const native = 'heddle+native';
  const clientsOf = ({ checks }: GoalResult): string[] =>
    checks.map(({ clients, verdict }) => `${clients} ${verdict}`);

  test('are judged beside those with stock clients, each check behind its own', () => {
    const goal = goalOf(
      resultsWith('quiet-room', 'p50Ms', {
        heddle: { value: 2 },
        [native]: { value: 1 },
        bare: { value: 1 },
      }),
      'B3',
    );
    expect(goal).toMatchObject({ verdict: 'missed', nativeVerdict: 'met' });
    expect(clientsOf(goal)).toEqual(['stock missed', 'native met']);
    expect(goal.checks.map(subjectOf)).toEqual([
      'quiet-room: latency, median',
      'quiet-room: latency, median, native clients',
    ]);
  });

  test('are not told of where nothing was measured with them', () => {
    const goal = goalOf(
      resultsWith('quiet-room', 'p50Ms', { heddle: { value: 1 }, bare: { value: 1 } }),
      'B3',
    );
    expect(goal.nativeVerdict).toBeUndefined();
    expect(clientsOf(goal)).toEqual(['stock met']);
  });

  test('what was left out for them is taken from stock clients', () => {
    const runs = (documents: number): Results => {
      const connections = resultsWith('idle-connections', 'rssBytesPerConnection', {
        heddle: { value: 9_000 },
        [native]: { value: 2_000 },
      });
      const others = [
        resultsWith('idle-documents', 'rssBytesPerDocument', { heddle: { value: documents } }),
        resultsWith('idle-large-document', 'rssPerDocumentByte', { heddle: { value: 1 } }),
      ];
      return {
        ...connections,
        scenarios: [connections, ...others].flatMap(({ scenarios }) => scenarios),
        runs: [connections, ...others].flatMap((one) => one.runs),
      };
    };
    expect(goalOf(runs(6_000), 'B8')).toMatchObject({ verdict: 'missed', nativeVerdict: 'met' });
    expect(goalOf(runs(6_001), 'B8').nativeVerdict).toBe('missed');
  });

  test('wrong delivery to one kind of clients is not held against the other', () => {
    const goal = goalOf(
      resultsWith('quiet-room', 'p50Ms', {
        heddle: { value: 1 },
        [native]: { failure: { isDelivery: true, message: 'lost' } },
        bare: { value: 1 },
      }),
      'B3',
    );
    expect(goal).toMatchObject({ verdict: 'met', nativeVerdict: 'missed' });
    expect(goal.checks[1]!.found).toBe('wrong delivery: lost');
  });

  test('bytes within 1.2 of what was missed are asked of them alone', () => {
    const back = (runs: Readonly<Record<string, Run>>): GoalResult =>
      goalOf(resultsWith('return', 'bytesPerMissed', runs), 'B6');
    const bytes = (runs: Readonly<Record<string, Run>>): CheckResult[] =>
      back(runs).checks.filter(({ figure }) => figure === 'bytesPerMissed');
    expect(bytes({ heddle: { value: 22 }, [native]: { value: 1.2 } })).toMatchObject([
      { clients: 'native', verdict: 'met', found: '1.2', goal: 'at most 1.2' },
    ]);
    expect(bytes({ heddle: { value: 22 }, [native]: { value: 1.21 } })).toMatchObject([
      { clients: 'native', verdict: 'missed' },
    ]);
    // Not measured is not missed, whatever stock clients make of the rest.
    expect(back({ heddle: { value: 22 } }).nativeVerdict).toBe('unknown');
    expect(bytes({ heddle: { value: 22 } })).toMatchObject([
      { clients: 'native', verdict: 'unknown', found: 'no figure of heddle+native' },
    ]);
    expect(goalOf(sampleResults, 'B6')).toMatchObject({ verdict: 'missed', nativeVerdict: 'met' });
  });
});
