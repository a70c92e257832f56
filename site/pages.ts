// Which pages the site has: from which file of the repository, at which address, and where in the menu.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A Markdown file of the repository that is a page. */
export interface Page {
  /** Path from the root of the repository. */
  readonly source: string;
  /** Path below the site, ending in .md. */
  readonly page: string;
  readonly group: Group;
}

export const groups = ['Guides', 'Coming from', 'Operating', 'Reference', 'Project'] as const;
export type Group = (typeof groups)[number];

const guides = ['start', 'editors', 'tokens', 'offline', 'presence', 'embedding'];

/** Pages whose place in the menu is chosen. All other files of `docs/` come last in their group. */
const chosen: readonly Page[] = [
  { source: 'docs/README.md', page: 'index.md', group: 'Guides' },
  ...guides.map((name) => guide(name, 'Guides')),
  ...['y-websocket', 'hocuspocus', 'y-sweet'].map((name) => guide(`from-${name}`, 'Coming from')),
  guide('operating', 'Operating'),
  ...['limits', 'protocol', 'behaviour'].map((name) => document(name, 'Reference')),
  ...['performance', 'results-stock-clients'].map((name) => document(name, 'Project')),
  ...['ARCHITECTURE', 'RESULTS', 'CHANGELOG', 'CONTRIBUTING', 'SECURITY'].map((name): Page => ({
    source: `${name}.md`,
    page: `project/${name.toLowerCase()}.md`,
    group: 'Project',
  })),
];

function guide(name: string, group: Group): Page {
  return { source: `docs/guides/${name}.md`, page: `guides/${name}.md`, group };
}

function document(name: string, group: Group): Page {
  return { source: `docs/${name}.md`, page: `${name}.md`, group };
}

/** All pages that are written by hand, in the order of the menu. */
export function writtenPages(root: string): readonly Page[] {
  const known = new Set(chosen.map(({ source }) => source));
  const others: Page[] = [
    ...markdownIn(root, 'docs').map((name): Page => ({ ...document(name.slice(0, -3), 'Reference') })),
    ...markdownIn(root, 'docs/guides').map((name) => guide(name.slice(0, -3), 'Guides')),
    ...markdownIn(root, 'deploy').map((name): Page => ({
      source: `deploy/${name}`,
      page: `deploy/${name === 'README.md' ? 'index.md' : name.toLowerCase()}`,
      group: 'Operating',
    })),
  ];
  return [...chosen, ...others.filter(({ source }) => !known.has(source))];
}

/** Markdown files right in a folder; none where there is no folder. */
function markdownIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
}
