// Before `npm pack` and `npm publish`: builds what the package is made of, or says in words why it cannot.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${root}/node_modules/typescript`)) {
  console.error(
    'heddle cannot be packed yet: it is built first, and what builds it is not installed. Run: npm ci',
  );
  process.exit(1);
}
await import('./build.mjs');
