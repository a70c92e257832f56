// Every scenario, in the order in which they run and are reported.

import { awareness, awarenessRamp, crowdMoves, crowdWatches } from './awareness.js';
import { coldStart } from './cold-start.js';
import { comeAndGoMany, comeAndGoOne } from './come-and-go.js';
import { durableWrites } from './durable-writes.js';
import { growthClients } from './growth-clients.js';
import { growthJoins } from './growth-joins.js';
import { growthReaders } from './growth-readers.js';
import { hotRoom2000, hotRoom500, hotRoomRamp } from './hot-room.js';
import { idleConnections } from './idle-connections.js';
import { idleDocuments } from './idle-documents.js';
import { idleLargeDocument } from './idle-large-document.js';
import { joinStorm } from './join-storm.js';
import { manyDocuments } from './many-documents.js';
import { manyRooms, manyRoomsRamp } from './many-rooms.js';
import { quietRoom } from './quiet-room.js';
import { returnAfterMissing } from './return.js';
import type { Scenario } from './scenario.js';
import { slowReadersScenario } from './slow-readers.js';
import { traceReplay } from './trace-replay.js';

export const allScenarios: readonly Scenario[] = [
  hotRoom500,
  hotRoom2000,
  hotRoomRamp,
  quietRoom,
  manyRooms,
  manyRoomsRamp,
  manyDocuments,
  joinStorm,
  returnAfterMissing,
  awareness,
  awarenessRamp,
  crowdWatches,
  crowdMoves,
  comeAndGoOne,
  comeAndGoMany,
  slowReadersScenario,
  idleConnections,
  idleDocuments,
  idleLargeDocument,
  coldStart,
  durableWrites,
  growthReaders,
  growthJoins,
  growthClients,
  traceReplay,
];
