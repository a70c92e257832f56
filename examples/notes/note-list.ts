// The list of notes. Draws what it is given and says what was pressed.

import { newElement } from '../editor/page-elements.js';
import { addressOf } from './address.js';
import type { Found, Piece } from './search.js';

/** One line of the list. */
export interface Row extends Found {
  readonly isCurrent: boolean;
  /** It has edits that the server lacks. */
  readonly isWaiting: boolean;
}

/** Draws the rows, when they are not there already; the focus stays on the note it was on. */
export function drawNotes(list: HTMLElement, notebook: string, rows: readonly Row[], now: number): void {
  const lines = rows.map((row) => ({ ...row, when: whenWords(row.note.changedAt, now) }));
  const drawn = JSON.stringify([notebook, lines.map(({ note, ...line }) => [note.id, line])]);
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  const focused = (document.activeElement as HTMLElement | null)?.dataset.note;
  list.replaceChildren(...lines.map((line) => rowElement(notebook, line)));
  if (focused !== undefined) noteLink(list, focused)?.focus();
}

/** The link to a note. */
export function noteLink(list: HTMLElement, note: string): HTMLElement | null {
  return list.querySelector<HTMLElement>(`[data-note="${CSS.escape(note)}"]`);
}

function rowElement(notebook: string, row: Row & { readonly when: string }): HTMLLIElement {
  const item = newElement('li');
  const link = newElement('a', 'note-link');
  link.href = addressOf(notebook, row.note.id);
  link.dataset.note = row.note.id;
  if (row.isCurrent) link.setAttribute('aria-current', 'page');
  const title = newElement('span', 'note-title');
  title.append(...(row.title.length === 0 ? ['New note'] : row.title.map(pieceNode)));
  const excerpt = newElement('span', 'note-excerpt');
  const isEmpty = row.title.length === 0 && row.excerpt.length === 0;
  const none = isEmpty ? 'Nothing written yet' : 'No more text';
  excerpt.append(...(row.excerpt.length === 0 ? [none] : row.excerpt.map(pieceNode)));
  const foot = newElement('span', 'note-foot');
  foot.append(newElement('span', 'note-when', row.when));
  if (row.isWaiting) foot.append(newElement('span', 'note-waiting', 'Not on the server yet'));
  link.append(title, excerpt, foot);
  item.append(link);
  return item;
}

function pieceNode({ text, isHit }: Piece): Node {
  return isHit ? newElement('mark', '', text) : document.createTextNode(text);
}

/** In words for a list: 'just now', '5 min ago', '14:05', 'yesterday', a date. Both times in ms of one clock. */
export function whenWords(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const date = new Date(then);
  const days = Math.round((startOfDay(new Date(now)) - startOfDay(date)) / 86_400_000);
  if (days === 0) return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  if (days === 1) return 'yesterday';
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: 'numeric' }),
  });
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
