// Notes as files: one as Markdown or plain text, all of a notebook as JSON.

import { plainText } from './note-text.js';
import { markdown } from './note-markdown.js';
import type { Notebook } from './notebook.js';

/** Saves the note that is open. */
export function exportNote(notebook: Notebook, format: 'markdown' | 'text'): void {
  const { note, index } = notebook;
  if (note === undefined) return;
  const name = fileName(index.entry(note.id)?.title ?? '', 'note');
  if (format === 'markdown') save(`${name}.md`, 'text/markdown', markdown(note.text));
  else save(`${name}.txt`, 'text/plain', `${plainText(note.text)}\n`);
}

/** Saves all notes of which this device has the text. Returns how many those are, and how many it has not. */
export async function exportNotebook(notebook: Notebook): Promise<{ saved: number; missing: number }> {
  const { index } = notebook;
  const notes = [];
  for (const { id, title, changedAt } of index.notes()) {
    const text = await notebook.read(id, markdown);
    notes.push({ id, title, changedAt: new Date(changedAt).toISOString(), markdown: text ?? null });
  }
  const missing = notes.filter((note) => note.markdown === null).length;
  const content = JSON.stringify({ notebook: index.name, notes }, null, 2);
  save(`${fileName(index.name, 'notes')}.json`, 'application/json', content);
  return { saved: notes.length - missing, missing };
}

function save(name: string, type: string, content: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** Letters and digits of a title, for a file of any system. */
function fileName(title: string, otherwise: string): string {
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  return name.slice(0, 60) || otherwise;
}
