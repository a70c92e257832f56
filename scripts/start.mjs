// `npm start`: the server on LevelDB with the demo pages; arguments go to `heddle serve`. With `--accounts`: the notes app with
// accounts, examples/accounts, which takes its options from the environment.
import './heddle-here.mjs';

const given = process.argv.slice(2);
if (given.includes('--accounts')) {
  const other = given.find((argument) => argument !== '--accounts');
  if (other !== undefined) {
    process.stderr.write(
      `--accounts goes alone, without ${other}: PORT, DATA_DIR and others are in the environment\n`,
    );
    process.exit(2);
  }
  const { serve } = await import('../examples/accounts/server.mjs');
  await serve();
} else {
  process.argv.splice(2, given.length, 'serve', '--demo', ...given);
  await import('../dist/server/cli/main.js');
}
