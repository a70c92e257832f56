/** Whether the text has half of a character that takes two (a lone surrogate): written as UTF-8 it is another text. */
export function hasHalfCharacter(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
