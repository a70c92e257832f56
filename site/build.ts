// Builds the documentation site: pages from `docs/` and the types, by VitePress, with every link followed.

import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deadLinks } from './check-links.js';
import { DeadLinkError, stage } from './stage.js';

export interface SiteOptions {
  /** Of the repository, whose package must have been built. */
  readonly root: string;
  /** Where the site comes to be, whole or not at all. */
  readonly out: string;
  /** The path that it is served under, with a slash at both ends. */
  readonly base: string;
}

/** Throws DeadLinkError, or Error with what VitePress said. */
export async function buildSite({ root, out, base }: SiteOptions): Promise<void> {
  const work = join(root, '.heddle');
  const draft = join(work, 'docs-built');
  await stage(root, join(work, 'docs'));
  rmSync(draft, { recursive: true, force: true });
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitepress/bin/vitepress.js'), 'build', join(root, 'site')],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, HEDDLE_DOCS_BASE: base, HEDDLE_DOCS_OUT: draft },
    },
  );
  if (status !== 0) throw new Error(`the documentation was not built:\n${stdout}${stderr}${error ?? ''}`);
  const dead = deadLinks(draft, base);
  if (dead.length > 0) throw new DeadLinkError(`dead links:\n${dead.join('\n')}`);
  mkdirSync(dirname(out), { recursive: true });
  rmSync(out, { recursive: true, force: true });
  renameSync(draft, out);
}
