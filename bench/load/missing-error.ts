// Told apart from other faults, because a server that is asked for more than it can do is late, not wrong.

import { DeliveryError } from '../measurement.js';

/** Something that was sent has not come: it was lost, or has not come in time. */
export class MissingError extends DeliveryError {}
