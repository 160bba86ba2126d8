/** Where a worker sees that it is to end. */

/**
 * Where a worker sees without the event loop that it is to end, by plain reads: the phase in the header of this table, and
 * cell number `order` of it. It is read in hot loops: a function takes ten times as long, and so does an object with
 * accessors, which V8 keeps as a dictionary.
 */
export interface Lookout {
  readonly cells: Int32Array;
  readonly order: number;
}
