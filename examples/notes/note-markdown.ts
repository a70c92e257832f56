// A note as Markdown. Pure.

import * as Y from 'yjs';

/** What stands around text of a format. */
const marks: Readonly<Record<string, string>> = { bold: '**', italic: '*', strike: '~~', code: '`' };

/** All of a note; '' for an empty one. */
export function markdown(fragment: Y.XmlFragment): string {
  const blocks = blocksOf(fragment);
  return blocks.length === 0 ? '' : `${blocks.join('\n\n')}\n`;
}

function blocksOf(parent: Y.XmlFragment): readonly string[] {
  return parent
    .toArray()
    .filter((node) => node instanceof Y.XmlElement)
    .map(blockOf)
    .filter((block) => block.trim() !== '');
}

function blockOf(block: Y.XmlElement): string {
  switch (block.nodeName) {
    case 'heading':
      return `${'#'.repeat(Number(block.getAttribute('level') ?? 1))} ${inlineOf(block)}`;
    case 'bulletList':
      return itemsOf(block, () => '- ');
    case 'orderedList':
      return itemsOf(block, (index) => `${index + 1}. `);
    case 'blockquote':
      return blocksOf(block).join('\n\n').replace(/^/gm, '> ');
    case 'codeBlock':
      return `\`\`\`\n${rawOf(block)}\n\`\`\``;
    case 'horizontalRule':
      return '---';
    default:
      return inlineOf(block);
  }
}

function itemsOf(list: Y.XmlElement, sign: (index: number) => string): string {
  return list
    .toArray()
    .filter((item) => item instanceof Y.XmlElement)
    .map((item, index) => {
      const start = sign(index);
      // What follows in an item stands below its text.
      return (
        start +
        blocksOf(item)
          .join('\n')
          .replaceAll('\n', `\n${' '.repeat(start.length)}`)
      );
    })
    .join('\n');
}

function inlineOf(block: Y.XmlElement): string {
  return block
    .toArray()
    .map((node) => {
      if (node instanceof Y.XmlText) return deltaOf(node).map(pieceOf).join('');
      return node instanceof Y.XmlElement && node.nodeName === 'hardBreak' ? '  \n' : '';
    })
    .join('');
}

interface Piece {
  readonly insert?: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

function deltaOf(text: Y.XmlText): readonly Piece[] {
  return text.toDelta() as readonly Piece[];
}

function pieceOf({ insert, attributes = {} }: Piece): string {
  if (typeof insert !== 'string') return '';
  // A mark beside a blank would be read as text.
  const [, before = '', core = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(insert) ?? [];
  if (core === '') return insert;
  const isCode = attributes.code !== undefined;
  const around = Object.keys(marks)
    .filter((name) => name !== 'code' && attributes[name] !== undefined)
    .map((name) => marks[name]!);
  if (isCode) around.push(marks.code!);
  const escaped = isCode ? core : escape(core);
  const marked = around.reduceRight((inner, mark) => mark + inner + mark, escaped);
  const { href } = (attributes.link ?? {}) as { href?: unknown };
  return before + (typeof href === 'string' ? `[${marked}](${href})` : marked) + after;
}

/** What Markdown would take for a sign of its own is text here. */
function escape(text: string): string {
  return text
    .replace(/[\\`*_[\]<>~]/g, String.raw`\$&`)
    .replace(/^[#+-]/, String.raw`\$&`)
    .replace(/^(\d+)\./, String.raw`$1\.`);
}

function rawOf(block: Y.XmlElement): string {
  const texts = block.toArray().filter((node) => node instanceof Y.XmlText);
  return texts.flatMap((text) => deltaOf(text).map(({ insert }) => insert)).join('');
}
