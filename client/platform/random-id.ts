/** Not a secret, only another one each time: so many words of 32 bits. `random` gives numbers in [0, 1). */
export function randomId(random: () => number, words: number): string {
  return Array.from({ length: words }, () => Math.floor(random() * 2 ** 32).toString(36)).join('-');
}
