// The formatting toolbar. One tab stop; the arrow keys move inside it.

import type { Editor } from '@tiptap/core';
import { newIcon, type IconName } from './icons.js';
import { keepFocusOnPress, newElement } from './page-elements.js';

interface Tool {
  readonly label: string;
  readonly face: IconName | { readonly text: string; readonly className?: string };
  readonly run: (editor: Editor) => boolean;
  /** Missing on tools that are done rather than switched on. */
  readonly isActive?: (editor: Editor) => boolean;
  readonly canRun?: (editor: Editor) => boolean;
}

const heading = (level: 1 | 2 | 3): Tool => ({
  label: `Heading ${level}`,
  face: { text: `H${level}` },
  run: (editor) => editor.chain().focus().toggleHeading({ level }).run(),
  isActive: (editor) => editor.isActive('heading', { level }),
});

const groups: readonly (readonly Tool[])[] = [
  [
    {
      label: 'Undo',
      face: 'undo',
      run: (editor) => editor.chain().focus().undo().run(),
      canRun: (editor) => editor.can().undo(),
    },
    {
      label: 'Redo',
      face: 'redo',
      run: (editor) => editor.chain().focus().redo().run(),
      canRun: (editor) => editor.can().redo(),
    },
  ],
  [heading(1), heading(2), heading(3)],
  [
    {
      label: 'Bold',
      face: { text: 'B', className: 'face-bold' },
      run: (editor) => editor.chain().focus().toggleBold().run(),
      isActive: (editor) => editor.isActive('bold'),
    },
    {
      label: 'Italic',
      face: { text: 'I', className: 'face-italic' },
      run: (editor) => editor.chain().focus().toggleItalic().run(),
      isActive: (editor) => editor.isActive('italic'),
    },
    {
      label: 'Code',
      face: 'code',
      run: (editor) => editor.chain().focus().toggleCode().run(),
      isActive: (editor) => editor.isActive('code'),
    },
  ],
  [
    {
      label: 'Bullet list',
      face: 'bulletList',
      run: (editor) => editor.chain().focus().toggleBulletList().run(),
      isActive: (editor) => editor.isActive('bulletList'),
    },
    {
      label: 'Numbered list',
      face: 'orderedList',
      run: (editor) => editor.chain().focus().toggleOrderedList().run(),
      isActive: (editor) => editor.isActive('orderedList'),
    },
    {
      label: 'Quote',
      face: 'quote',
      run: (editor) => editor.chain().focus().toggleBlockquote().run(),
      isActive: (editor) => editor.isActive('blockquote'),
    },
    {
      label: 'Code block',
      face: 'codeBlock',
      run: (editor) => editor.chain().focus().toggleCodeBlock().run(),
      isActive: (editor) => editor.isActive('codeBlock'),
    },
  ],
];

/** Fills `toolbar` with the tools of an editor that opens; hidden where the editor takes no edits. */
export function fillToolbar(toolbar: HTMLElement, editor: Editor): void {
  toolbar.hidden = !editor.isEditable;
  const refreshers: (() => void)[] = [];
  toolbar.replaceChildren(
    ...groups.map((tools) => {
      const group = newElement('div', 'toolbar-group');
      for (const tool of tools) {
        const button = toolButton(tool, editor);
        refreshers.push(() => refreshTool(button, tool, editor));
        group.append(button);
      }
      return group;
    }),
  );
  useOneTabStop(toolbar);

  let isScheduled = false;
  const refresh = (): void => {
    isScheduled = false;
    if (!editor.isDestroyed) for (const refreshOne of refreshers) refreshOne();
  };
  editor.on('transaction', () => {
    if (isScheduled) return;
    isScheduled = true;
    requestAnimationFrame(refresh);
  });
  refresh();
}

function toolButton(tool: Tool, editor: Editor): HTMLButtonElement {
  const button = newElement('button', 'tool');
  button.type = 'button';
  button.title = tool.label;
  button.setAttribute('aria-label', tool.label);
  if (typeof tool.face === 'string') button.append(newIcon(tool.face));
  else button.append(newElement('span', tool.face.className, tool.face.text));
  keepFocusOnPress(button);
  button.addEventListener('click', () => tool.run(editor));
  return button;
}

function refreshTool(button: HTMLButtonElement, tool: Tool, editor: Editor): void {
  if (tool.isActive !== undefined) button.setAttribute('aria-pressed', String(tool.isActive(editor)));
  // Not `disabled`: that would drop the focus of whoever just used it.
  if (tool.canRun !== undefined) button.setAttribute('aria-disabled', String(!tool.canRun(editor)));
}

function useOneTabStop(toolbar: HTMLElement): void {
  const buttons = [...toolbar.querySelectorAll('button')];
  const moveTo = (index: number): void => {
    for (const [at, button] of buttons.entries()) button.tabIndex = at === index ? 0 : -1;
  };
  moveTo(0);
  for (const [at, button] of buttons.entries()) {
    button.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const to = (at + step + buttons.length) % buttons.length;
      moveTo(to);
      buttons[to]!.focus();
    });
  }
}
