// Builds the documentation site into dist/docs/, after the package: `npm run docs`. Does nothing where nothing that it is made of has
// changed, and prints nothing unless it fails.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist/docs');
const stamp = join(out, '.made-of');

/** Files below a folder that a pattern fits. */
function filesIn(folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}

/** A hash of all that the site is made of. */
function fingerprint() {
  const files = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...['docs', 'deploy'].flatMap((folder) => filesIn(folder, /\.md$/)),
    ...filesIn('site', /\.(?:ts|css)$/),
    ...['client', 'server', 'shared', 'bench', 'test', 'token'].flatMap((folder) =>
      filesIn(`dist/${folder}`, /\.d\.ts$/),
    ),
    'shared/errors.ts',
    'server/errors.ts',
    'examples/favicon.svg',
    'package.json',
    'package-lock.json',
    'scripts/docs.mjs',
  ];
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

const madeOf = fingerprint();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeOf) process.exit(0);
try {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(root, 'site/build.ts'), {
    configFile: false,
    root,
    logLevel: 'warn',
  });
  await module.buildSite({ root, out, base: '/docs/' });
  writeFileSync(stamp, madeOf);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
