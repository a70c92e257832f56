// Measures what Heddle costs whoever installs it, and writes it into README between the marks `sizes`. Needs a build.
// `node scripts/sizes.mjs`; test/package/sizes.test.ts holds the table.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = join(root, 'README.md');
const marks = /(<!-- sizes: node scripts\/sizes\.mjs -->\n\n)[\s\S]*?(\n\n<!-- \/sizes -->)/;
const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Bytes of a bundle of everything that an entry exports, minified and after gzip, without Yjs and React. */
async function bundleBytes(entry) {
  const results = await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry: join(root, entry), formats: ['es'] },
      rolldownOptions: { external: [/^(yjs|react)$/] },
    },
  });
  const chunks = results.flatMap(({ output }) => output).filter(({ type }) => type === 'chunk');
  return chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
}

/** Packages that come with these, themselves included, as folders. Optional peers do not come. */
function closure(names, found = new Map()) {
  for (const name of names) {
    if (found.has(name)) continue;
    const folder = join(root, 'node_modules', name);
    found.set(name, folder);
    const { dependencies = {} } = manifest(folder);
    closure(Object.keys(dependencies), found);
  }
  return found;
}

function folderBytes(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}

/** Bytes of Heddle itself, installed. */
function packageBytes() {
  const pack = ['pack', '--json', '--dry-run', '--ignore-scripts'];
  const [{ unpackedSize }] = JSON.parse(
    execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  return unpackedSize;
}

/** What `npm install heddle ...names` puts on the disk: packages, and bytes. */
function install(ownBytes, names) {
  const others = closure([...Object.keys(manifest(root).dependencies), ...names]);
  const bytes = [...others.values()].reduce((sum, folder) => sum + folderBytes(folder), ownBytes);
  return { packages: others.size + 1, bytes };
}

/** All figures, in bytes. */
export async function measureSizes() {
  const ownBytes = packageBytes();
  return {
    client: await bundleBytes('client/index.ts'),
    react: await bundleBytes('client/react/index.ts'),
    token: await bundleBytes('token/index.ts'),
    pageInstall: install(ownBytes, ['yjs']),
    serverInstall: install(ownBytes, ['yjs', 'level']),
  };
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} KB`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** The table as it stands in README. */
export function sizeTable({ client, react, token, pageInstall, serverInstall }) {
  const rows = [
    ['what', 'size'],
    ['`heddle/client` in a bundle, gzip, without Yjs', kilobytes(client)],
    ['`heddle/react` with the client, gzip, without Yjs and React', kilobytes(react)],
    ['`heddle/token` in a bundle, gzip', kilobytes(token)],
    ['`npm install heddle yjs`', `${megabytes(pageInstall.bytes)} in ${pageInstall.packages} packages`],
    [
      '`npm install heddle yjs level`',
      `${megabytes(serverInstall.bytes)} in ${serverInstall.packages} packages`,
    ],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells, fill = ' ') =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head), line(['', ''], '-'), ...body.map((row) => line(row))].join('\n');
}

/** The table that README has. */
export function shownTable() {
  return marks
    .exec(readFileSync(readme, 'utf8'))?.[0]
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const table = sizeTable(await measureSizes());
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(marks, (_, before, after) => before + table + after),
  );
  console.log(table);
}
