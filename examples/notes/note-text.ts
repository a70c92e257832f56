// What a list shows of a note: its first line, the beginning of the rest, and the text that is searched. Pure.

import * as Y from 'yjs';

/** A note in short. */
export interface NoteSummary {
  /** The first line that is not blank; '' where there is none. */
  readonly title: string;
  /** The beginning of what follows. */
  readonly excerpt: string;
  /** All of it, a line per line, up to a limit. */
  readonly text: string;
}

const mostTitle = 120;
const mostExcerpt = 160;
/** Characters that can be found by searching, about eight pages: the index of a notebook comes whole to every device. */
const mostText = 20_000;

/** Sums up the text of an editor. */
export function summarise(fragment: Y.XmlFragment): NoteSummary {
  const lines = linesOf(fragment)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [title = '', ...rest] = lines;
  return {
    title: title.slice(0, mostTitle),
    excerpt: rest.join(' · ').slice(0, mostExcerpt),
    text: lines.join('\n').slice(0, mostText).normalize('NFC'),
  };
}

function linesOf(fragment: Y.XmlFragment): string[] {
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
  return lines;
}

function textOf(node: Y.XmlText): string {
  const parts = node.toDelta() as readonly { insert?: unknown }[];
  return parts.map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('');
}
