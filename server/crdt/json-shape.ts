// The shape of JSON text, told without parsing it. JSON.parse and JSON.stringify call themselves once a level, so text that
// is nested deeply must be refused before either sees it.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Containers and commas of the text, which is about how many values it holds; -1 when it is nested deeper than that. */
export function countJsonValues(text: string, maxNesting: number): number {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++)
        if (text.charCodeAt(i) === BACKSLASH) i++;
    } else if (char === OPEN_ARRAY || char === OPEN_OBJECT) {
      if (++depth > maxNesting) return -1;
      values++;
    } else if (char === CLOSE_ARRAY || char === CLOSE_OBJECT) depth--;
    else if (char === COMMA) values++;
  }
  return values;
}
