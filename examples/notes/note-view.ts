// The right-hand side: the editor of the note that is open, as soon as there is something to show.

import type { Editor } from '@tiptap/core';
import { personAtWindow } from '../editor/identity.js';
import { pageElement } from '../editor/page-elements.js';
import { fillToolbar } from '../editor/toolbar.js';
import { createNoteEditor } from './note-editor.js';
import type { OpenNote } from './open-note.js';

/** What is said where there is no editor. */
type Hint = 'none' | 'loading' | 'fetching' | 'elsewhere';

const hints: Readonly<Record<Hint, string>> = {
  none: 'Choose a note, or begin a new one.',
  loading: 'Reading this note from this device.',
  fetching: 'Fetching this note from the server.',
  elsewhere: 'This note is not on this device yet. It comes when the server can be reached.',
};

export class NoteView {
  readonly #element = pageElement('editor', HTMLElement);
  readonly #toolbar = pageElement('toolbar', HTMLElement);
  readonly #hint = pageElement('note-hint', HTMLElement);
  #note: OpenNote | undefined;
  #editor: Editor | undefined;
  #isFocusWanted = false;

  /** Shows this note, or none. `isNew`: there is nothing of it anywhere yet, so that it can be written at once. */
  show(note: OpenNote | undefined, isNew: boolean): void {
    if (note !== this.#note) this.#clear();
    this.#note = note;
    if (this.#editor !== undefined) return this.#allow(note);
    if (note !== undefined && (note.isHere || (isNew && note.provider.status.phase !== 'loading'))) {
      this.#open(note);
    } else this.#say(hintFor(note));
  }

  /** Takes the editor down; the note is about to be closed. */
  clear(): void {
    this.#clear();
    this.#note = undefined;
  }

  /** Puts the caret into the text, now or when it is there. */
  focus(): void {
    this.#isFocusWanted = this.#editor === undefined;
    this.#editor?.commands.focus('end');
  }

  /** The name at the caret may be another one. */
  showOwnName(): void {
    this.#editor?.commands.updateUser({ ...personAtWindow(1) });
  }

  #open(note: OpenNote): void {
    this.#say(undefined);
    this.#editor = createNoteEditor(this.#element, note);
    fillToolbar(this.#toolbar, this.#editor);
    this.#allow(note);
    if (this.#isFocusWanted) this.focus();
  }

  /** Rights may change while the note is open. */
  #allow(note: OpenNote | undefined): void {
    const mayWrite = note?.provider.status.access !== 'read';
    if (this.#editor?.isEditable === !mayWrite) this.#editor.setEditable(mayWrite, false);
    this.#toolbar.hidden = !mayWrite;
  }

  #clear(): void {
    this.#editor?.destroy();
    this.#editor = undefined;
    this.#isFocusWanted = false;
    this.#element.replaceChildren();
  }

  #say(hint: Hint | undefined): void {
    this.#hint.hidden = hint === undefined;
    this.#element.hidden = hint !== undefined;
    this.#toolbar.hidden = hint !== undefined;
    if (hint !== undefined && this.#hint.textContent !== hints[hint]) this.#hint.textContent = hints[hint];
  }
}

function hintFor(note: OpenNote | undefined): Hint {
  if (note === undefined) return 'none';
  const { phase } = note.provider.status;
  if (phase === 'loading') return 'loading';
  return phase === 'offline' ? 'elsewhere' : 'fetching';
}
