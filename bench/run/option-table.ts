// Every option of `heddle bench`: the one table behind flags and help text.

import type { OptionSpec } from '../../server/config/option.js';

const what: readonly OptionSpec[] = [
  {
    flag: 'only',
    type: 'list',
    placeholder: 'scenario',
    description: 'A scenario by its id, or all whose id holds this text; a comma or a repeated flag for more',
  },
  {
    flag: 'targets',
    type: 'list',
    placeholder: 'a,b',
    description: 'Servers to measure, by name; the default is all. Peers are installed when first used',
  },
  { flag: 'list', type: 'boolean', description: 'Print scenarios and targets, measure nothing' },
].map((option) => ({ ...option, env: [], group: 'What to measure' }) as OptionSpec);

const server: readonly OptionSpec[] = [
  {
    flag: 'url',
    type: 'string',
    placeholder: 'ws://host:port',
    description: 'A server that runs already; alone, unless --targets names others to compare it with',
  },
  {
    flag: 'protocol',
    type: 'string',
    choices: ['y-websocket', 'hocuspocus', 'native'],
    default: 'y-websocket',
    description: "What its clients speak; native is Heddle's own protocol",
  },
  {
    flag: 'pid',
    type: 'number',
    min: 1,
    placeholder: 'id',
    description: 'Its process on this machine: its CPU and memory are measured then',
  },
  {
    flag: 'token',
    type: 'string',
    description: "Sent with every connection: as the subprotocols 'heddle' and it, or in the first message",
  },
].map((option) => ({ ...option, env: [], group: 'A server of your own' }) as OptionSpec);

const how: readonly OptionSpec[] = [
  {
    flag: 'runs',
    type: 'number',
    min: 1,
    max: 1000,
    placeholder: 'count',
    default: 3,
    description: 'How often each server is measured; they take turns',
  },
  {
    flag: 'trace',
    type: 'string',
    placeholder: 'file',
    description:
      'A public editing trace, .json or .json.gz: its document is the large one, its edits are typed',
  },
  {
    flag: 'seed',
    type: 'number',
    placeholder: 'number',
    // From 0 the generator draws nothing but 0.
    min: 1,
    max: 2 ** 32 - 1,
    default: 1,
    description: 'Seed of everything that is random',
  },
  {
    flag: 'quick',
    type: 'boolean',
    description: 'A smoke run: one tenth of the time and size, one run; its figures mean little',
  },
].map((option) => ({ ...option, env: [], group: 'How to measure' }) as OptionSpec);

const results: readonly OptionSpec[] = [
  { flag: 'json', type: 'string', description: 'Results as JSON, written after every scenario' },
  { flag: 'html', type: 'string', description: 'A page with plots, in one file' },
  { flag: 'markdown', type: 'string', description: 'A report to commit' },
  { flag: 'from', type: 'string', description: 'Report an earlier --json file, measure nothing' },
].map((option) => ({ ...option, env: [], placeholder: 'file', group: 'Results' }) as OptionSpec);

/** In the order of the help text. */
export const benchOptions: readonly OptionSpec[] = [...what, ...server, ...how, ...results];
