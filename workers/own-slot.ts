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

export function createOwnSlot({ threadId, table, parentId, inherited }: Place): OwnSlot {
  const flagCells: { -readonly [property in keyof FlagCells]: FlagCells[property] } = {
    cells: table.cells,
    order: Header.phase,
  };
  const atIndex = (cell: number): number => at(own.index ?? 0, cell);

  function setIndex(claimed: number | undefined): void {
    own.index = claimed;
    flagCells.order = claimed === undefined ? Header.phase : atIndex(Cell.order);
  }

  // No accessors: see FlagCells.
  const own: { -readonly [property in keyof OwnSlot]: OwnSlot[property] } = {
    threadId,
    flagCells,
    table,
    parentId,
    isInherited: inherited,
    index: undefined,

    read: (cell) => (own.index === undefined ? 0 : Atomics.load(own.table.cells, atIndex(cell))),
    header: (cell) => Atomics.load(own.table.cells, cell),

    write(cell, value) {
      if (own.index !== undefined) Atomics.store(own.table.cells, atIndex(cell), value);
    },

    add(cell) {
      if (own.index !== undefined) Atomics.add(own.table.cells, atIndex(cell), 1);
    },

    claim(state) {
      setIndex(claim(own.table, threadId, own.parentId, state));
      own.write(Cell.systemThread, Number(threadOfCaller() ?? 0));
    },

    rejoin() {
      if (own.index !== undefined) setState(own.table, own.index, State.joined);
      countJoin(own.table, own.parentId);
    },

    setState(state) {
      if (own.index !== undefined) setState(own.table, own.index, state);
    },

    leave(slotTable, claimed) {
      setIndex(undefined);
      free(slotTable, claimed, threadId);
    },

    move(parent, buffer) {
      own.table = createTable(buffer);
      flagCells.cells = own.table.cells;
      own.parentId = parent;
      own.isInherited = true;
    },

    ring() {
      Atomics.add(own.table.cells, Header.doorbell, 1);
      Atomics.notify(own.table.cells, Header.doorbell);
    },

    timeOfTree() {
      let timeout = own.header(Header.timeout);
      for (let above = workersAbove(own.table, own.parentId); above > 0; above--)
        timeout = workersTime(ownTime(timeout));
      return timeout;
    },
  };
  return own;
}
