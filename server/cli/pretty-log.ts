// Lines of the log for people: time, level, message, and the facts behind it.

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** A JSON line of the log, as pino writes it, as a line to read; an error's stack follows on lines of its own. */
export function prettyLine(json: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json) as {
    readonly level: number;
    readonly time: string;
    readonly msg?: string;
    readonly err?: unknown;
    readonly [field: string]: unknown;
  };
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  const [why, stack] = shownError(err);
  const head = `${time.slice(11, 23)} ${(levels[level] ?? String(level)).padEnd(5)} ${msg ?? ''}`;
  return `${head}${facts.join('')}${why}${stack}\n`;
}

function shownError(err: unknown): readonly [why: string, stack: string] {
  if (err === undefined) return ['', ''];
  if (typeof err !== 'object' || err === null || !('stack' in err)) return [` err=${shown(err)}`, ''];
  const stack = String(err.stack)
    .split('\n')
    .map((line) => `\n    ${line.trim()}`);
  return ['', stack.join('')];
}

/** A text without spaces and quotes as it is, everything else as JSON: nothing of it can begin another line. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}
