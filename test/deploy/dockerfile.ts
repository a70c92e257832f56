// Reads a Dockerfile, as far as ours goes: instructions, in stages.

export interface Instruction {
  /** In upper case. */
  readonly name: string;
  /** What follows, in one line. */
  readonly value: string;
}

export interface Stage {
  readonly image: string;
  /** Undefined for one without a name. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const known = /^(COPY|RUN|WORKDIR|USER|ENV|VOLUME|EXPOSE|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT|CMD)$/;

/** Throws for what it does not know. */
export function readDockerfile(text: string): readonly Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') {
      const [, image = '', as] = /^(\S+)(?: AS (\S+))?$/.exec(value) ?? [];
      stages.push({ image, name: as, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined || !known.test(name)) throw new Error(`what is ${JSON.stringify(line)}`);
    stage.instructions.push({ name, value });
  }
  return stages;
}

/** The values of all instructions of this name. */
export function valuesOf(stage: Stage, name: string): readonly string[] {
  return stage.instructions.filter((one) => one.name === name).map(({ value }) => value);
}

/** The command of an instruction in its JSON form. */
export function commandOf(value: string): readonly string[] {
  return JSON.parse(value.slice(value.indexOf('['))) as string[];
}

/** The variables that a stage sets. */
export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = valuesOf(stage, 'ENV').flatMap((value) => value.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}
