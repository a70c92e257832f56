// What a bench shows while it runs, beside its results: on the error stream, so that results can be piped.

export interface Terminal {
  /** A line that stays. */
  line(text: string): void;
  /** A line that the next one takes the place of. Only where somebody watches: a log would fill with them. */
  status(text: string): void;
  /** Takes the last status away. */
  clear(): void;
}

export function terminalOn(stream: NodeJS.WriteStream): Terminal {
  const clear = (): void => {
    if (stream.isTTY) stream.write('\r\x1b[K');
  };
  return {
    clear,
    line(text) {
      clear();
      stream.write(`${text}\n`);
    },
    status(text) {
      if (!stream.isTTY) return;
      clear();
      // One that wraps could not be taken away.
      stream.write(`  ${text}`.slice(0, stream.columns - 1));
    },
  };
}
