// A project of somebody else with packages of this repository in it, Heddle itself as it was built: links, so that it costs nothing.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a project in an empty folder. Its modules are ES modules. */
export function linkProject(folder: string, packages: readonly string[]): void {
  for (const name of packages) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/heddle'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}
