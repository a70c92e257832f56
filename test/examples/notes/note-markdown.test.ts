// A note as Markdown.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { markdown } from '../../../examples/notes/note-markdown.js';

type Content = string | Y.XmlElement | { readonly text: string; readonly format: object };

/** A block of the editor with what is in it. */
function block(name: string, ...children: Content[]): Y.XmlElement {
  const element = new Y.XmlElement(name);
  element.insert(0, children.map(nodeOf));
  return element;
}

function nodeOf(child: Content): Y.XmlText | Y.XmlElement {
  if (child instanceof Y.XmlElement) return child;
  const text = new Y.XmlText();
  if (typeof child === 'string') text.insert(0, child);
  else text.insert(0, child.text, child.format);
  return text;
}

function heading(level: number, text: string): Y.XmlElement {
  const element = block('heading', text);
  // Tiptap stores the level as a number.
  element.setAttribute('level', level as unknown as string);
  return element;
}

function written(...blocks: Y.XmlElement[]): string {
  const fragment = new Y.Doc().getXmlFragment('default');
  fragment.insert(0, blocks);
  return markdown(fragment);
}

const item = (...children: Y.XmlElement[]): Y.XmlElement => block('listItem', ...children);
const paragraph = (...children: Content[]): Y.XmlElement => block('paragraph', ...children);

describe('a note as Markdown', () => {
  test('Q19 blocks are those of Markdown, with a blank line between them', () => {
    expect(
      written(
        heading(2, 'Loom'),
        paragraph('one', block('hardBreak'), 'two'),
        block('blockquote', paragraph('said'), paragraph('and said')),
        block('codeBlock', 'a < b\n*c*'),
        block('horizontalRule'),
        paragraph(),
      ),
    ).toBe('## Loom\n\none  \ntwo\n\n> said\n> \n> and said\n\n```\na < b\n*c*\n```\n\n---\n');
    expect(written()).toBe('');
  });

  test('Q19 lists keep their numbers, and what stands below an item stays below it', () => {
    const inner = block('bulletList', item(paragraph('oats')), item(paragraph('oil')));
    const list = block('orderedList', item(paragraph('buy'), inner), item(paragraph('cook')));
    expect(written(list)).toBe('1. buy\n   - oats\n   - oil\n2. cook\n');
  });

  test('Q19 formats stand at the words, and signs that are text stay text', () => {
    const both = { text: 'bold and slanted ', format: { bold: true, italic: true } };
    const code = { text: 'a*b', format: { code: true } };
    const link = { text: 'there', format: { link: { href: 'https://heddle.example/' } } };
    expect(written(paragraph(both, 'and ', code, ' ', link))).toBe(
      '***bold and slanted*** and `a*b` [there](https://heddle.example/)\n',
    );
    expect(written(paragraph('# 2 * 3 < [7]'), paragraph('1. no list'), paragraph('- nor this'))).toBe(
      '\\# 2 \\* 3 \\< \\[7\\]\n\n1\\. no list\n\n\\- nor this\n',
    );
  });
});
