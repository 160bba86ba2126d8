/** This worker's slot in the shared table: whose child it is, and what it says of itself there. */
import { threadOfCaller } from '../src/process-threads.ts';
import { at, Cell, createTable, Header, State, type Table } from '../src/table/cells.ts';
import { setState } from '../src/table/moves.ts';
import { claim, countJoin, free, workersAbove } from '../src/table/slots.ts';
import { ownTime, workersTime } from '../src/times.ts';

/**
 * Where a worker sees without the event loop that it is to end, by plain reads: the phase in the header of this table, and
 * cell number `order` of it. It is read in hot loops: a function takes ten times as long, and so does an object with
 * accessors, which V8 keeps as a dictionary.
 */
export interface FlagCells {
  readonly cells: Int32Array;
  readonly order: number;
}

export interface OwnSlot {
  readonly threadId: number;
  readonly table: Table;
  readonly parentId: number;
  /** Whether the table is an ancestor's. Otherwise it is this thread's own. */
  readonly isInherited: boolean;
  /** The number of the slot; undefined while this worker has none. */
  readonly index: number | undefined;
  readonly flagCells: FlagCells;
  /** What a cell of the slot says; 0 while there is none. */
  read(cell: number): number;
  /** What a cell of the header says. */
  header(cell: number): number;
  write(cell: number, value: number): void;
  /** Counts a cell of the slot up. */
  add(cell: number): void;
  /** Takes a slot, if one is free. */
  claim(state: typeof State.joined | typeof State.idle): void;
  /** Something is registered again in this worker, whose slot says so. */
  rejoin(): void;
  setState(state: State): void;
  /** Frees the slot in `table`, which may have been another then. Those of this worker's own workers stay: it lives. */
  leave(table: Table, index: number): void;
  /** From now on the table is an ancestor's. */
  move(parentId: number, buffer: SharedArrayBuffer): void;
  /** Wakes a parent that blocks. */
  ring(): void;
  /** How long this worker has while no ancestor has told it: what each leaves those below it of the time of the whole tree. */
  timeOfTree(): number;
}

interface Place {
  readonly table: Table;
  readonly threadId: number;
  readonly parentId: number;
  readonly inherited: boolean;
}

export function createOwnSlot({ threadId, ...place }: Place): OwnSlot {
  let { table, parentId, inherited } = place;
  let index: number | undefined;
  const flagCells: { -readonly [property in keyof FlagCells]: FlagCells[property] } = {
    cells: table.cells,
    order: Header.phase,
  };

  function setIndex(claimed: number | undefined): void {
    index = claimed;
    flagCells.order = claimed === undefined ? Header.phase : at(claimed, Cell.order);
  }

  return {
    threadId,
    flagCells,

    get table() {
      return table;
    },

    get parentId() {
      return parentId;
    },

    get isInherited() {
      return inherited;
    },

    get index() {
      return index;
    },

    read: (cell) => (index === undefined ? 0 : Atomics.load(table.cells, at(index, cell))),
    header: (cell) => Atomics.load(table.cells, cell),

    write(cell, value) {
      if (index !== undefined) Atomics.store(table.cells, at(index, cell), value);
    },

    add(cell) {
      if (index !== undefined) Atomics.add(table.cells, at(index, cell), 1);
    },

    claim(state) {
      setIndex(claim(table, threadId, parentId, state));
      if (index !== undefined) Atomics.store(table.cells, at(index, Cell.systemThread), Number(threadOfCaller() ?? 0));
    },

    rejoin() {
      if (index !== undefined) setState(table, index, State.joined);
      countJoin(table, parentId);
    },

    setState(state) {
      if (index !== undefined) setState(table, index, state);
    },

    leave(slotTable, claimed) {
      setIndex(undefined);
      free(slotTable, claimed, threadId);
    },

    move(parent, buffer) {
      table = createTable(buffer);
      flagCells.cells = table.cells;
      parentId = parent;
      inherited = true;
    },

    ring() {
      Atomics.add(table.cells, Header.doorbell, 1);
      Atomics.notify(table.cells, Header.doorbell);
    },

    timeOfTree() {
      let timeout = Atomics.load(table.cells, Header.timeout);
      for (let above = workersAbove(table, parentId); above > 0; above--) timeout = workersTime(ownTime(timeout));
      return timeout;
    },
  };
}
