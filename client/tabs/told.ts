// Whether the siblings know what this tab has.

/**
 * told: they know of everything, or hear of it from whom it comes. kept: something was not passed on, as nobody needed it;
 * a sibling that nobody counted on does not know of it. due: at the end of this turn all are told what this tab has.
 */
export type Told = 'told' | 'kept' | 'due';

/**
 * kept: a change was not passed on. untold: this tab has something that the siblings may not hear of from anybody else.
 * met: somebody answers that this tab did not count on. said: all were told what this tab has. alone: nobody was there to
 * be told.
 */
export type ToldEvent = 'kept' | 'untold' | 'met' | 'said' | 'alone';

export const toldTable: Readonly<Record<Told, Readonly<Record<ToldEvent, Told>>>> = {
  told: { kept: 'kept', untold: 'due', met: 'told', said: 'told', alone: 'told' },
  kept: { kept: 'kept', untold: 'due', met: 'due', said: 'told', alone: 'kept' },
  due: { kept: 'due', untold: 'due', met: 'due', said: 'told', alone: 'kept' },
};
