// `npm test`: builds, runs every suite, ends with one plain line `N passed, N failed`. Arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'heddle-test-'));
const report = join(folder, 'report.json');

const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const { status } = spawnSync(
  join(root, 'node_modules/.bin/vitest'),
  ['run', ...reporters, ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    // Suites need not look whether all is built.
    env: { ...process.env, HEDDLE_BUILT: '1' },
  },
);
console.log(summary());
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);

/** The closing line. A suite that could not even be loaded counts as a failure, a skip is seen. */
function summary() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const broken = testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    return `${numPassedTests} passed, ${numFailedTests + broken} failed${skipped}`;
  } catch {
    return '0 passed, 1 failed';
  }
}
