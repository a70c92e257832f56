// `npm start`: the server on LevelDB with the demo pages; arguments go to `heddle serve`. With `--accounts`: the notes app with
// accounts, examples/accounts.
import './heddle-here.mjs';

const given = process.argv.slice(2);
if (given.includes('--accounts')) {
  const { serve } = await import('../examples/accounts/server.mjs');
  await serve();
} else {
  process.argv.splice(2, given.length, 'serve', '--demo', ...given);
  await import('../dist/server/cli/main.js');
}
