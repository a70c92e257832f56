// People who have many documents open at once, as a workspace with its pages does: on one socket each where the protocol
// can, otherwise on a socket for every document.

import { makeKeystrokeScript } from '../input/keystrokes.js';
import type { Script } from '../input/script.js';
import type { Content } from '../load/content.js';
import { aFewAtATime, closeAll } from '../load/group.js';
import { Line } from '../load/line.js';
import { Participant } from '../load/participant.js';
import { SharedPayloads } from '../load/shared-payloads.js';
import type { Measurement } from '../measurement.js';
import { withStorage } from './passed-over.js';
import { untilQuiet } from './quiet.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { MemoryReadings } from './settled-memory.js';
import { leastCpuS } from './stretch.js';
import { measurementOf } from './typing-figures.js';
import { durations } from './typing-scale.js';
import { runTyping, updatesPerWriter } from './typing.js';

const fullPeople = 100;
const documentsEach = 20;
/** Who have the same documents open. */
const teamSize = 10;
const fullPerS = 1_000;
/** Until then a server makes room for young objects, which it does only once. */
const warmShare = 0.2;

export const manyDocuments: Scenario = {
  id: 'many-documents',
  title: `${fullPeople} clients with ${documentsEach} documents open each, ${fullPerS.toLocaleString('en')} updates/s in total`,
  passesOver: [withStorage],
  needs: ['process', 'sync'],
  maxSeconds: 120,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const teams = scaled(fullPeople / teamSize, size, 1);
  const openings = teams * teamSize * documentsEach;
  const memory = new MemoryReadings(context);
  const crowd = await openTeams(context, 'warm', Math.ceil(teams * warmShare));
  try {
    await untilQuiet(context);
    const [bytesBefore, cpuBefore] = [await memory.next(), cpuOf(context)];
    let opened = { cpuS: 0, rssBytes: 0 };
    const perS = scaled(fullPerS, size, 50);
    const load = { perS, ...durations(time, perS, teamSize) };
    const lines = linesOf(context, teams);
    const result = await runTyping(context, {
      ...load,
      name: 'many-documents',
      scripts: scriptsOf(teams * documentsEach, updatesPerWriter(load, teams * documentsEach)),
      readers: teamSize - 1,
      sampled: 1,
      ...(lines === undefined ? {} : { lineOf: lines.lineOf }),
      async isThere() {
        const cpuS = cpuOf(context) - cpuBefore;
        opened = { cpuS, rssBytes: (await memory.next()) - bytesBefore };
      },
    });
    const { figures, notes = [], ...rest } = measurementOf(result);
    return {
      figures: {
        ...figures,
        sockets: lines?.count ?? openings,
        rssBytesPerOpening: opened.rssBytes / openings,
        ...(opened.cpuS < leastCpuS ? {} : { cpuMsPerJoin: (opened.cpuS * 1000) / openings }),
      },
      ...rest,
      notes: [
        `${openings} openings of ${teams * documentsEach} documents; a join is an opening, with its share of connecting.`,
        ...(memory.notes.notes ?? []),
        ...notes,
      ],
    };
  } finally {
    closeAll(crowd);
  }
}

interface Lines {
  readonly count: number;
  lineOf(document: number, place: number): Line;
}

/** A socket for each person of the teams; undefined where each document needs one of its own. */
function linesOf(context: ScenarioContext, teams: number): Lines | undefined {
  if (context.protocol.documentsPerSocket === 'one') return undefined;
  // What the people of a team receive alike.
  const lines = Array.from({ length: teams }, () => {
    const payloads = new SharedPayloads<readonly Content[]>();
    return Array.from({ length: teamSize }, () => new Line(context, '', payloads));
  });
  return {
    count: teams * teamSize,
    // Places go round, so that everybody is the one who types in some of the documents.
    lineOf: (document, place) => lines[Math.floor(document / documentsEach)]![(place + document) % teamSize]!,
  };
}

/** One who types in each document, all under client ids of their own. */
function scriptsOf(documents: number, updates: number): Script[] {
  const { base, writers } = makeKeystrokeScript({ writers: documents, updatesPerWriter: updates });
  return writers.map((writer) => ({ base, writers: [writer] }));
}

/** People who only read. */
function openTeams(context: ScenarioContext, name: string, teams: number): Promise<Participant[]> {
  const lines = linesOf(context, teams);
  return aFewAtATime(teams * documentsEach * teamSize, async (index) => {
    const [document, place] = [Math.floor(index / teamSize), index % teamSize];
    const line = lines?.lineOf(document, place);
    const participant = await Participant.open(context, `${name}-${document}`, {}, line);
    await participant.sync();
    return participant;
  });
}

function cpuOf({ usage }: ScenarioContext): number {
  return usage()?.cpuS ?? 0;
}
