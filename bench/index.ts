// The bench as a library: measure servers of your own, at the scenarios of this package, and report what came of it.

export { runBench, type BenchOptions } from './run/runner.js';
export { allScenarios } from './scenarios/all.js';
export type { Scenario, ScenarioContext } from './scenarios/scenario.js';
export { standardTargets } from './targets/all.js';
export { externalTarget } from './targets/external.js';
export {
  TargetUnavailable,
  type Capability,
  type Endpoint,
  type RunningTarget,
  type Target,
} from './targets/target.js';
export type { ProtocolName } from './protocol/protocol.js';
export type { LoadSettings } from './load/settings.js';
export { figures, type FigureKey, type FigureSpec } from './figures.js';
export type { LatencyCurve, Limit, Measurement, RampStep } from './measurement.js';
export type { Environment, Results, RunResult, ScenarioResult, TargetResult } from './results.js';
export { judgeGoals, type CheckResult, type GoalResult, type Verdict } from './goals.js';
export { readResults, ResultsError, writeResults } from './report/json.js';
export { renderMarkdown } from './report/markdown.js';
export { renderPage } from './report/page.js';
export { renderTable } from './report/table.js';
