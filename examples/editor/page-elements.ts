// The elements of index.html, looked up by id and checked for their kind. Knows nothing of what they are for.

/** The element with this id. Throws where index.html and the code no longer agree. */
export function pageElement<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`index.html has no ${kind.name} with the id ${id}`);
  return found;
}

/** A new element with a class and text; text is never read as markup. */
export function newElement<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  if (text !== '') element.textContent = text;
  return element;
}

/** Leaves the caret in the text when this button is pressed with a pointer; by keyboard it takes the focus as ever. */
export function keepFocusOnPress(button: HTMLButtonElement): void {
  button.addEventListener('mousedown', (event) => event.preventDefault());
}

/** Sets the text of an element; says nothing anew to screen readers unless it has changed. */
export function say(id: string, words: string): void {
  const element = pageElement(id, HTMLElement);
  if (element.textContent !== words) element.textContent = words;
}
