// What a list shows of a note, its first line and the beginning of the rest, and its whole text, for the search. Pure.

import * as Y from 'yjs';

/** A note in short. */
export interface NoteSummary {
  /** The first line that is not blank; '' where there is none. */
  readonly title: string;
  /** The beginning of what follows. */
  readonly excerpt: string;
}

const mostTitle = 120;
const mostExcerpt = 120;

/** Sums up the text of an editor. */
export function summarise(fragment: Y.XmlFragment): NoteSummary {
  const [title = '', ...rest] = linesOf(fragment);
  return { title: title.slice(0, mostTitle), excerpt: rest.join(' · ').slice(0, mostExcerpt) };
}

/** All of it, a line per line. */
export function plainText(fragment: Y.XmlFragment): string {
  return linesOf(fragment).join('\n');
}

/** The lines that are not blank. */
function linesOf(fragment: Y.XmlFragment): readonly string[] {
  const lines = [''];
  const visit = (parent: Y.XmlFragment): void => {
    for (const node of parent.toArray()) {
      if (node instanceof Y.XmlText) lines[lines.length - 1] += textOf(node);
      else if (node instanceof Y.XmlElement) {
        // A block is a line of its own; so is what follows a line break.
        lines.push('');
        visit(node);
        if (node.nodeName !== 'hardBreak') lines.push('');
      }
    }
  };
  visit(fragment);
  return lines.map((line) => line.trim().normalize('NFC')).filter((line) => line !== '');
}

function textOf(node: Y.XmlText): string {
  const parts = node.toDelta() as readonly { insert?: unknown }[];
  return parts.map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('');
}
